"""What signs tokens and reads them for simplejwt: the vault's key, and strictness (RFC 7515, compact form).

A token's header is one of the few that we write ourselves, byte for byte, and never parsed: whatever else it could say
(`none`, another algorithm, `crit`, `jwk`, `jku`, a `kid` that is a path) makes it a header that is not known.
"""

import base64
import binascii
import json
import re
from functools import lru_cache
from typing import Any

from rest_framework_simplejwt.backends import TokenBackend

from qenex.access.tokens.claims import MAX_LENGTH, PURPOSE, Kind
from qenex.access.tokens.errors import TokenInvalid
from qenex.vault import signing
from qenex.vault.providers.base import EDDSA
from qenex.vault.signing import PublicKey

_COMPACT = re.compile(r"([A-Za-z0-9_-]{1,512})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)


class VaultBackend(TokenBackend):
    """Signs and reads tokens of one kind. The algorithm is that of the key that the vault names, token by token."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(EDDSA)
        self.kind = kind

    def encode(self, payload: dict[str, Any]) -> str:
        """The signed token."""
        signer = signing.signer(PURPOSE)
        text = f"{_header(signer.algorithm, signer.kid, self.kind)}.{encode(_json(payload))}"
        return f"{text}.{encode(signer.sign(text.encode()))}"

    def decode(self, token: Any, verify: bool = True) -> Any:
        """What a token of ours says, whose signature is looked at in any case. Raises TokenInvalid."""
        parts = _COMPACT.fullmatch(token) if len(token) <= MAX_LENGTH else None
        if parts is None:
            raise TokenInvalid
        header, payload, signature = parts.groups()
        key = _find(header, self.kind)
        if not key.verify(f"{header}.{payload}".encode(), _decode(signature)):
            raise TokenInvalid
        return _parse(_decode(payload))


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def _header(algorithm: str, kid: str, kind: Kind) -> str:
    return encode(_json({"alg": algorithm, "kid": kid, "typ": kind.value}))


def _find(header: str, kind: Kind) -> PublicKey:
    """The key under which we wrote this header. Raises TokenInvalid where there is none."""
    for key in signing.public_keys(PURPOSE):
        if header == _header(key.algorithm, key.kid, kind):
            return key
    raise TokenInvalid


def _decode(segment: str) -> bytes:
    """Raises TokenInvalid where another text stands for the same bytes, so that a token has one spelling."""
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenInvalid from None
    if encode(raw) != segment:
        raise TokenInvalid
    return raw


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:  # signed by us, so this is a defect; the token is no better for it
        raise TokenInvalid from None


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
