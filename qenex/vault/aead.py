"""AES-256-GCM (NIST SP 800-38D): the one cipher for everything that is sealed.

Nonces are random. Under one key no more than 2^32 messages may be sealed so that two of them share a nonce with a
probability below 2^-32 (SP 800-38D, 8.3); the vault has a key per subject and purpose, which stays far below it.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qenex.vault.errors import Tampered

__all__ = ["KEY_BYTES", "NONCE_BYTES", "OVERHEAD", "TAG_BYTES", "Cipher", "Tampered", "decrypt", "encrypt", "new_key"]

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = NONCE_BYTES + TAG_BYTES
"""How many bytes longer than the plaintext a sealed message is."""


class Cipher:
    """One key, ready for use: making the cipher takes about as long as sealing a kilobyte."""

    __slots__ = ("_gcm",)

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless the key has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"an AES-256 key has {KEY_BYTES} bytes, not {len(key)}")
        self._gcm = AESGCM(key)

    def encrypt(self, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
        """nonce ‖ ciphertext ‖ tag. A nonce is given only by test vectors: used twice, it gives the key away."""
        if nonce is None:
            nonce = os.urandom(NONCE_BYTES)
        elif len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
        return nonce + self._gcm.encrypt(nonce, plaintext, aad)

    def decrypt(self, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises Tampered where a bit of the message, the AAD or the key is another."""
        if len(sealed) < OVERHEAD:
            raise Tampered("sealed bytes are cut short")
        try:
            return self._gcm.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except InvalidTag:
            raise Tampered("sealed bytes were changed, or sealed elsewhere or under another key") from None


def new_key() -> bytes:
    """A random key from the system's generator."""
    return os.urandom(KEY_BYTES)


def encrypt(key: bytes, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
    """nonce ‖ ciphertext ‖ tag. Raises ValueError for a key or nonce of another length."""
    return Cipher(key).encrypt(plaintext, aad, nonce=nonce)


def decrypt(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext of nonce ‖ ciphertext ‖ tag. Raises Tampered, and ValueError for a key of another length."""
    return Cipher(key).decrypt(sealed, aad)
