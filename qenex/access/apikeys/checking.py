"""Checking a signed request, whatever brought it: what is common to Django's way and to the fast path."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from qenex.access.apikeys.callers import Caller
from qenex.access.apikeys.errors import AddressRefused
from qenex.access.apikeys.nonces import SKEW, WINDOW, Used, forgotten_at
from qenex.access.models.apikeys import NONCE_LENGTH
from qenex.access.signature.algorithms import HMAC_SHA256
from qenex.access.signature.message import Headers
from qenex.access.signatures import SignatureInvalid, SignatureMalformed, verify
from qenex.kernel import clock
from qenex.kernel.scope import Books

COMPONENTS = ("@method", "@target-uri", "content-digest")
"""What every signature covers; the last one where there is a body."""
PARAMETERS = ("created", "nonce", "keyid")
SHORTEST_NONCE = 8
MARK = "qenex.signed"
"""Where the fast path leaves, in the ASGI scope, the nonce that it has used for this very request: no client can."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    url: str
    headers: Headers
    body: bytes
    address: str | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature is genuine; its nonce has yet to be used."""

    caller: Caller
    nonce: str
    created: int
    """Seconds since 1970."""

    @property
    def used(self) -> Used:
        """The nonce with its key."""
        return Used(self.caller.id, self.nonce)

    @property
    def until(self) -> datetime:
        """When the nonce may be forgotten."""
        return forgotten_at(self.created)

    @property
    def key_id(self) -> str:
        """What events know the key by."""
        return self.caller.key_id

    @property
    def books(self) -> Books:
        """The books that the key is for."""
        return self.caller.books


def check(asked: Asked, find: Callable[[str | None], Caller | None]) -> Signed:
    """Whose request it is, by a key that `find` knows. Raises SignatureError, and AddressRefused for a genuine one."""
    found: list[Caller] = []
    now = clock.now()

    def secrets(key_id: str | None) -> tuple[bytes, ...]:
        caller = find(key_id)
        found.extend([caller] if caller else [])
        return caller.secrets if caller else ()

    verified = verify(
        method=asked.method,
        url=asked.url,
        headers=asked.headers,
        body=asked.body,
        key=secrets,
        algorithms=(HMAC_SHA256,),
        required=COMPONENTS,
        required_parameters=PARAMETERS,
        max_age=WINDOW,
        skew=SKEW,
        now=now.timestamp(),
    )
    [caller] = found
    assert verified.nonce is not None  # both are required
    assert verified.created is not None
    if caller.is_expired(now):  # it was remembered
        raise SignatureInvalid("the signature is not one of a known key over this message")
    if not SHORTEST_NONCE <= len(verified.nonce) <= NONCE_LENGTH:
        raise SignatureMalformed(f"a nonce has {SHORTEST_NONCE} to {NONCE_LENGTH} characters")
    if not caller.admits(asked.address):
        raise AddressRefused
    return Signed(caller, verified.nonce, verified.created)
