"""Tokens as attackers make them: any header and any claims, signed by whatever there is."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from qenex.vault import signing

Sign = Callable[[bytes], bytes]


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of it."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(claims))


def ours(text: bytes) -> bytes:
    """Signs with our own key: what is wrong with such a token is not its signature."""
    return signing.signer("tokens").sign(text)


def hs256(secret: bytes) -> Sign:
    """Signs with a shared secret, such as our public key."""
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def forge(header: dict[str, Any], claims: Any, sign: Sign = ours) -> str:
    """The token."""
    text = ".".join(b64(json.dumps(each, separators=(",", ":")).encode()) for each in (header, claims))
    return f"{text}.{b64(sign(text.encode()))}"
