"""What a message says about its one signature, before anybody has looked at the key."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qenex.access.signature import algorithms, fieldtext, plain
from qenex.access.signature.algorithms import ED25519, HMAC_SHA256, VerifyingKey
from qenex.access.signature.base import component, components, signature_base
from qenex.access.signature.errors import (
    SignatureExpired,
    SignatureIncomplete,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMissing,
)
from qenex.access.signature.fields import InnerList, Item, Member, parse_dictionary
from qenex.access.signature.message import Message

_NOBODY = secrets.token_bytes(32)
"""What a signature is compared with whose key is not known, so that it takes as long."""
_TYPES: Mapping[str, type] = {"created": int, "expires": int, "nonce": str, "keyid": str, "alg": str, "tag": str}


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that was verified; only what is said here was signed."""

    label: str
    algorithm: str
    components: tuple[str, ...]
    key_id: str | None
    created: int | None
    """Seconds since 1970, as `expires`."""
    expires: int | None
    nonce: str | None
    tag: str | None
    base: bytes
    """What was signed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a signature must say, whoever made it."""

    algorithms: Collection[str] = (HMAC_SHA256, ED25519)
    required: Sequence[str] = ()
    """Components that must be covered."""
    required_parameters: Sequence[str] = ()
    max_age: int | None = None
    """Seconds since `created`."""
    skew: int = 60
    """Seconds for which `created` may lie in the future."""

    def check(self, claim: "Claim", now: float | None) -> None:
        """Raises SignatureMalformed, SignatureIncomplete or SignatureExpired; without `now` no time is looked at."""
        if claim.alg is not None and claim.alg not in self.algorithms:
            raise SignatureMalformed(f"the alg of a signature is one of {', '.join(self.algorithms)}")
        parameters = claim.covered.parameters
        covered = claim.covered.items
        missing = [name for name in self.required if component(name) not in covered]
        missing += [name for name in self.required_parameters if name not in parameters]
        if missing:
            raise SignatureIncomplete(missing)
        if now is not None:
            self._check_time(claim, now)

    def _check_time(self, claim: "Claim", now: float) -> None:
        created, expires = claim.created, claim.expires
        if expires is not None and now >= expires:
            raise SignatureExpired("the signature says itself that it is over")
        if self.max_age is None:
            return
        if created is None:
            raise SignatureIncomplete(["created"])
        if not now - self.max_age <= created <= now + self.skew:
            raise SignatureExpired(
                f"created may lie {self.max_age} seconds in the past and {self.skew} in the future of our clock"
            )


@dataclass(frozen=True, slots=True)
class Claim:
    """One member of Signature-Input, and of Signature."""

    label: str
    covered: InnerList
    text: str
    """What is covered and the parameters, as the RFC writes them."""
    signature: bytes

    @property
    def key_id(self) -> str | None:
        """Whose signature it says it is."""
        return self._text("keyid")

    @property
    def alg(self) -> str | None:
        """The algorithm that it names; it need not."""
        return self._text("alg")

    @property
    def created(self) -> int | None:
        """Seconds since 1970."""
        return self._integer("created")

    @property
    def expires(self) -> int | None:
        """Seconds since 1970."""
        return self._integer("expires")

    def prove(self, message: Message, keys: Iterable[VerifyingKey], allowed: Collection[str]) -> Verified:
        """What is signed, if one of the keys has signed it. Raises SignatureMalformed or SignatureInvalid."""
        base = signature_base(message, self.covered.items, self.text)
        for key in [key for key in keys if self._fits(key, allowed)] or [_NOBODY]:
            if algorithms.matches(key, base, self.signature) and key is not _NOBODY:
                return self._verified(algorithms.algorithm_of(key), base)
        raise SignatureInvalid("the signature is not one of a known key over this message")

    def _fits(self, key: VerifyingKey, allowed: Collection[str]) -> bool:
        algorithm = algorithms.algorithm_of(key)
        return algorithm in allowed and self.alg in (None, algorithm)

    def _verified(self, algorithm: str, base: bytes) -> Verified:
        return Verified(
            label=self.label,
            algorithm=algorithm,
            components=tuple(components(self.covered)),
            key_id=self.key_id,
            created=self.created,
            expires=self.expires,
            nonce=self._text("nonce"),
            tag=self._text("tag"),
            base=base,
        )

    def _text(self, name: str) -> str | None:
        value = self.covered.parameters.get(name)
        return value if isinstance(value, str) else None

    def _integer(self, name: str) -> int | None:
        value = self.covered.parameters.get(name)
        return value if isinstance(value, int) else None


def claim_of(message: Message, label: str | None = None) -> Claim:
    """The message's signature: the only one, or that of the label. Raises SignatureMissing or SignatureMalformed."""
    given, signatures = message.field("signature-input"), message.field("signature")
    if given is None or signatures is None:
        raise SignatureMissing("a signed message has the fields Signature-Input and Signature")
    signed, signature = plain.inner_list(given), plain.byte_sequence(signatures)
    if signed is not None and signature is not None and signed[0] == signature[0] and label in (None, signed[0]):
        claim = Claim(*signed, signature[1])
    else:
        claim = _claim(parse_dictionary(given, unique=True), parse_dictionary(signatures, unique=True), label)
    for name, value in claim.covered.parameters.items():
        if type(value) is not _TYPES.get(name, type(value)):
            raise SignatureMalformed(f"the parameter {name} has a value of another type")
    return claim


def _claim(inputs: Mapping[str, Member], signatures: Mapping[str, Member], label: str | None) -> Claim:
    if label is None:
        if len(inputs) != 1 or len(signatures) != 1:
            raise SignatureMalformed("exactly one signature is expected")
        [label] = inputs
    covered, signature = inputs.get(label), signatures.get(label)
    if covered is None or signature is None:
        raise SignatureMissing("Signature-Input and Signature have no member of the same label")
    if not isinstance(covered, InnerList):
        raise SignatureMalformed("a member of Signature-Input is a list in parentheses")
    if not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise SignatureMalformed("a member of Signature is a byte sequence between colons")
    return Claim(label, covered, fieldtext.member(covered), signature.value)
