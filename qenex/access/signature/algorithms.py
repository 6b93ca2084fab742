"""The algorithms, each with keys of a type of its own: no public key is ever taken for a shared secret."""

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HMAC_SHA256, ED25519 = "hmac-sha256", "ed25519"
SigningKey = bytes | Ed25519PrivateKey
VerifyingKey = bytes | Ed25519PublicKey
"""Bytes are a secret for hmac-sha256."""


def algorithm_of(key: SigningKey | VerifyingKey) -> str:
    """The one algorithm that a key is for."""
    return HMAC_SHA256 if isinstance(key, bytes) else ED25519


def make(key: SigningKey, base: bytes) -> bytes:
    """The signature of these bytes."""
    return hmac.digest(key, base, "sha256") if isinstance(key, bytes) else key.sign(base)


def matches(key: VerifyingKey, base: bytes, signature: bytes) -> bool:
    """Whether this is the key's signature of these bytes; how long it takes does not tell how much of it is right."""
    if isinstance(key, bytes):
        return hmac.compare_digest(hmac.digest(key, base, "sha256"), signature)
    try:
        key.verify(signature, base)
    except InvalidSignature:
        return False
    return True
