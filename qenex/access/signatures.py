"""HTTP message signatures (RFC 9421): pure functions over the parts of a message. Who may do what is not known here."""

from qenex.access.signature.claims import Verified
from qenex.access.signature.digests import check_digest, content_digest
from qenex.access.signature.errors import (
    DigestInvalid,
    NonceReused,
    SignatureError,
    SignatureExpired,
    SignatureIncomplete,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMissing,
)
from qenex.access.signature.signing import Signed, sign
from qenex.access.signature.verifying import verify

__all__ = [
    "DigestInvalid",
    "NonceReused",
    "SignatureError",
    "SignatureExpired",
    "SignatureIncomplete",
    "SignatureInvalid",
    "SignatureMalformed",
    "SignatureMissing",
    "Signed",
    "Verified",
    "check_digest",
    "content_digest",
    "sign",
    "verify",
]
