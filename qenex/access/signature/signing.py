"""Making a signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qenex.access.signature import algorithms, fieldtext
from qenex.access.signature.algorithms import SigningKey
from qenex.access.signature.base import component, signature_base
from qenex.access.signature.digests import content_digest
from qenex.access.signature.fields import InnerList, Item, Parameters
from qenex.access.signature.message import Headers, Message


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made."""

    headers: Mapping[str, str]
    """The fields to add to the message: Signature-Input, Signature, and Content-Digest where it was computed."""
    base: bytes
    """What was signed."""

    @property
    def signature_input(self) -> str:
        """The value of Signature-Input."""
        return self.headers["Signature-Input"]

    @property
    def signature(self) -> str:
        """The value of Signature."""
        return self.headers["Signature"]


def sign(
    *,
    method: str,
    url: str,
    headers: Headers = (),
    body: bytes | None = None,
    components: Sequence[str],
    key: SigningKey,
    key_id: str | None = None,
    created: int | None = None,
    nonce: str | None = None,
    expires: int | None = None,
    tag: str | None = None,
    name_algorithm: bool = False,
    label: str = "sig1",
    status: int | None = None,
) -> Signed:
    """Signs a message: a request, or with `status` the response to it. Raises SignatureMalformed.

    `key` is a secret of bytes (hmac-sha256) or an Ed25519 private key. Parameters that are none are left out; `alg` is
    written where `name_algorithm` says so. Where `components` has content-digest, `body` is given and `headers` have no
    such field, it is computed and is among the headers of the answer. RFC 9421, B.2.5:

    >>> from base64 import b64decode
    >>> signed = sign(
    ...     method="POST",
    ...     url="https://example.com/foo?param=Value&Pet=dog",
    ...     headers={"Date": "Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type": "application/json"},
    ...     components=["date", "@authority", "content-type"],
    ...     key=b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="),
    ...     key_id="test-shared-secret",
    ...     created=1618884473,
    ...     label="sig-b25",
    ... )
    >>> signed.signature
    'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:'
    """
    message = Message.of(method, url, headers, status)
    added = {}
    if "content-digest" in components and body is not None and "content-digest" not in message.fields:
        added["Content-Digest"] = content_digest(body)
        message = Message(method, url, {**message.fields, "content-digest": [added["Content-Digest"]]}, status)
    alg = algorithms.algorithm_of(key) if name_algorithm else None
    given = {"created": created, "keyid": key_id, "nonce": nonce, "alg": alg, "expires": expires, "tag": tag}
    parameters: Parameters = {name: value for name, value in given.items() if value is not None}
    covered = InnerList(tuple(map(component, components)), parameters)
    base = signature_base(message, covered.items, fieldtext.member(covered))
    added["Signature-Input"] = fieldtext.dictionary({label: covered})
    added["Signature"] = fieldtext.dictionary({label: Item(algorithms.make(key, base), {})})
    return Signed(added, base)
