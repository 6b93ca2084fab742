"""The problems of signed requests: each says what an honest client can do, and nothing of any key."""

from qenex.access.apikeys.errors import AddressRefused
from qenex.access.signatures import (
    DigestInvalid,
    NonceReused,
    SignatureError,
    SignatureExpired,
    SignatureIncomplete,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMissing,
)
from qenex.kernel import problems
from qenex.kernel.problems import Kind, Problem

WANTED = 'sig1=("@method" "@target-uri" "content-digest");created;nonce;keyid;alg="hmac-sha256"'
"""What is to be signed, in the words of RFC 9421, section 5."""
KINDS: dict[type[SignatureError], Kind] = {
    SignatureMissing: problems.register(
        "signature_missing",
        401,
        "The request is not signed",
        "Send both Signature-Input and Signature, each with one member of the same label.",
    ),
    SignatureMalformed: problems.register(
        "signature_malformed",
        400,
        "The signature cannot be read",
        "Write the fields as RFC 9421 and RFC 8941 do.",
    ),
    SignatureIncomplete: problems.register(
        "signature_incomplete",
        401,
        "The signature does not cover enough",
        "Sign @method, @target-uri, content-digest where there is a body, and the parameters created, nonce and keyid.",
    ),
    SignatureExpired: problems.register(
        "signature_expired",
        401,
        "The signature is too old, or not valid yet",
        "Sign each request when you send it, by a clock that is right: it counts for five minutes.",
    ),
    SignatureInvalid: problems.register(
        "signature_invalid",
        401,
        "The signature is not valid",
        "The key is not one that counts, or it was not used on just this request: check the key, its secret, and that "
        "method, address and body are signed as they are sent.",
    ),
    DigestInvalid: problems.register(
        "digest_invalid",
        400,
        "The body is not the one that was signed",
        "Content-Digest must be that of the body's bytes as they are sent.",
    ),
    NonceReused: problems.register(
        "nonce_reused",
        401,
        "The nonce was used before",
        "Each request needs a nonce of its own. To repeat one, sign it again; its Idempotency-Key stays.",
    ),
}
ADDRESS_REFUSED = problems.register(
    "address_refused", 403, "The key does not work from here", "Its owner has named the networks that it works from."
)


def refused(error: SignatureError) -> Problem:
    """What is answered to a request with such a signature."""
    kind = next(kind for each, kind in KINDS.items() if isinstance(error, each))
    headers = {"WWW-Authenticate": "Bearer", "Accept-Signature": WANTED} if kind.status == 401 else {}
    text = str(error)
    return Problem(kind, f"{text[:1].upper()}{text[1:]}.", headers=headers)


problems.translate(SignatureError, refused)
problems.translate(AddressRefused, lambda error: Problem(ADDRESS_REFUSED))
