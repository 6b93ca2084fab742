"""Checking a signature."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

from qenex.access.signature.algorithms import ED25519, HMAC_SHA256, VerifyingKey
from qenex.access.signature.claims import Claim, Policy, Verified, claim_of
from qenex.access.signature.digests import check_digest
from qenex.access.signature.errors import NonceReused
from qenex.access.signature.message import Headers, Message

Keys = VerifyingKey | Iterable[VerifyingKey] | None


def verify(
    *,
    method: str,
    url: str,
    headers: Headers,
    body: bytes | None = None,
    key: Keys | Callable[[str | None], Keys],
    label: str | None = None,
    algorithms: Collection[str] = (HMAC_SHA256, ED25519),
    required: Sequence[str] = (),
    required_parameters: Sequence[str] = (),
    max_age: int | None = None,
    skew: int = 60,
    now: float | None = None,
    fresh: Callable[[Verified], bool] | None = None,
    status: int | None = None,
) -> Verified:
    """What the one signature of a message says, where it is genuine; raises an error of SignatureError where it is not.

    `headers` hold Signature-Input and Signature; of several signatures `label` names the one that is meant. `key` is
    the key or keys that may have signed, or a function from the key id to them. What a key is for is told by its type:
    bytes are a secret for hmac-sha256, an Ed25519PublicKey is one for ed25519; `algorithms` are those that are allowed.

    Without more only the signature is checked. The policy, each part of which is left out unless given:
    `required`: components that must be covered (content-digest only where the body is not empty);
    `required_parameters`: such as created, nonce and keyid;
    `max_age`: seconds since `created`, which may lie `skew` in the future; `now`: seconds since 1970, else the clock's;
    `expires` is looked at with either of them;
    `body`: where there is a Content-Digest, it must be this body's;
    `fresh`: asked last, whether this nonce of this key was not seen before.

    >>> from base64 import b64decode
    >>> verify(
    ...     method="POST",
    ...     url="https://example.com/foo?param=Value&Pet=dog",
    ...     headers={
    ...         "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
    ...         "Content-Type": "application/json",
    ...         "Signature-Input": 'sig-b25=("date" "@authority" "content-type")'
    ...         ';created=1618884473;keyid="test-shared-secret"',
    ...         "Signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    ...     },
    ...     key=b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="),
    ... ).key_id
    'test-shared-secret'
    """
    message = Message.of(method, url, headers, status)
    claim = claim_of(message, label)
    demanded = [name for name in required if name != "content-digest" or body]
    policy = Policy(algorithms, demanded, required_parameters, max_age, skew)
    policy.check(claim, time.time() if now is None and max_age is not None else now)
    verified = claim.prove(message, _keys(key, claim), algorithms)
    if body is not None:
        check_body(message, body)
    if fresh is not None and not fresh(verified):
        raise NonceReused("this nonce was accepted before")
    return verified


def check_body(message: Message, body: bytes) -> None:
    """Passes where there is no Content-Digest, or it is the body's. Raises SignatureMalformed or DigestInvalid."""
    field = message.field("content-digest")
    if field is not None:
        check_digest(field, body)


def _keys(key: Keys | Callable[[str | None], Keys], claim: Claim) -> Iterable[VerifyingKey]:
    found = key(claim.key_id) if callable(key) else key
    if found is None:
        return ()
    return (found,) if isinstance(found, VerifyingKey) else found
