"""Content-Digest (RFC 9530): what the bytes of a body hash to."""

import hmac
from base64 import b64encode
from hashlib import sha256, sha512

from qenex.access.signature.errors import DigestInvalid, SignatureMalformed
from qenex.access.signature.fields import Item, parse_dictionary

ALGORITHMS = {"sha-256": sha256, "sha-512": sha512}
"""The active ones of the registry; the others are insecure, and no reason to believe a body."""


def content_digest(body: bytes, algorithm: str = "sha-256") -> str:
    """The field for a body. Raises KeyError for an algorithm that is not active.

    >>> content_digest(b"")
    'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
    """
    return f"{algorithm}=:{b64encode(ALGORITHMS[algorithm](body).digest()).decode()}:"


def check_digest(field: str, body: bytes) -> None:
    """Passes where the field names an active algorithm, and every digest of an active one is the body's.

    Raises SignatureMalformed where it cannot be read or names none, DigestInvalid where one differs.
    """
    if hmac.compare_digest(field.encode(), content_digest(body).encode()):
        return
    found = parse_dictionary(field, unique=True)
    known = {name: found[name] for name in ALGORITHMS if name in found}
    if not known:
        raise SignatureMalformed(f"Content-Digest needs one of {', '.join(ALGORITHMS)}")
    for name, member in known.items():
        if not isinstance(member, Item) or not isinstance(member.value, bytes):
            raise SignatureMalformed(f"the {name} of Content-Digest is a byte sequence between colons")
        if not hmac.compare_digest(member.value, ALGORITHMS[name](body).digest()):
            raise DigestInvalid(f"the body is not the one of the {name} in Content-Digest")
