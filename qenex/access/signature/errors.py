"""Why a signature is not accepted."""

from collections.abc import Sequence


class SignatureError(Exception):
    """The message is not accepted. Nothing else is ever raised by `verify`."""


class SignatureMissing(SignatureError):
    """There is no signature, or none of the label that was asked for."""


class SignatureMalformed(SignatureError):
    """A field cannot be read, or asks for what is not served; the text says which, and nothing of any key."""


class SignatureIncomplete(SignatureError):
    """Something that must be signed is not."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"the signature does not cover {', '.join(missing)}")
        self.missing = tuple(missing)
        """Components and parameters, in the order in which they were asked for."""


class SignatureExpired(SignatureError):
    """It was made too long ago, or in the future, or says itself that it is over."""


class SignatureInvalid(SignatureError):
    """The key is not known, or the signature is not this key's over this message: which of them is not told."""


class DigestInvalid(SignatureError):
    """The body is not what Content-Digest says."""


class NonceReused(SignatureError):
    """The signature is genuine and was accepted before."""
