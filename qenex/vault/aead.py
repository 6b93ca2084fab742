"""AES-256-GCM (NIST SP 800-38D): the one cipher for everything that is sealed.

Nonces are random. Under one key no more than 2^32 messages may be sealed so that two of them share a nonce with a
probability below 2^-32 (SP 800-38D, 8.3). Key-encryption keys wrap far fewer keys than that. Values are sealed by
`Extended`, XAES-256-GCM of C2SP: each under a key of its own, derived from the data key and half of a nonce of 192
bits, so that 2^80 of them keep to the same bound and nobody has to count.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qenex.vault.errors import Tampered

__all__ = [
    "EXTENDED_NONCE_BYTES",
    "EXTENDED_OVERHEAD",
    "KEY_BYTES",
    "NONCE_BYTES",
    "OVERHEAD",
    "TAG_BYTES",
    "Cipher",
    "Extended",
    "Tampered",
    "decrypt",
    "encrypt",
    "new_key",
]

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = NONCE_BYTES + TAG_BYTES
"""How many bytes longer than the plaintext a sealed message is."""
EXTENDED_NONCE_BYTES = 24
EXTENDED_OVERHEAD = EXTENDED_NONCE_BYTES + TAG_BYTES

_BLOCK = 16
_CARRY = 0x87
_LABELS = (b"\x00\x01X\x00", b"\x00\x02X\x00")
"""What the two halves of a derived key are made of, before the nonce: counter, label and a zero byte (SP 800-108)."""


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


class Extended:
    """One key under which any number of messages may be sealed: XAES-256-GCM (C2SP), with nonces of 192 bits."""

    __slots__ = ("_blocks", "_mask")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless the key has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"an AES-256 key has {KEY_BYTES} bytes, not {len(key)}")
        # Two single blocks under CMAC (SP 800-38B), which is what the derivation consists of; no message is in ECB.
        self._blocks = BlockCipher(algorithms.AES256(key), modes.ECB())  # noqa: S305  # one block, see above
        self._mask = _doubled(self._encrypted(bytes(_BLOCK)))

    def encrypt(self, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
        """nonce ‖ ciphertext ‖ tag. A nonce is given only by test vectors: used twice, it gives the key away."""
        if nonce is None:
            nonce = os.urandom(EXTENDED_NONCE_BYTES)
        elif len(nonce) != EXTENDED_NONCE_BYTES:
            raise ValueError(f"a nonce has {EXTENDED_NONCE_BYTES} bytes, not {len(nonce)}")
        return nonce + self._derived(nonce).encrypt(nonce[NONCE_BYTES:], plaintext, aad)

    def decrypt(self, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises Tampered where a bit of the message, the AAD or the key is another."""
        if len(sealed) < EXTENDED_OVERHEAD:
            raise Tampered("sealed bytes are cut short")
        nonce = sealed[:EXTENDED_NONCE_BYTES]
        try:
            return self._derived(nonce).decrypt(nonce[NONCE_BYTES:], sealed[EXTENDED_NONCE_BYTES:], aad)
        except InvalidTag:
            raise Tampered("sealed bytes were changed, or sealed elsewhere or under another key") from None

    def _derived(self, nonce: bytes) -> AESGCM:
        """The cipher of one message."""
        halves = (int.from_bytes(label + nonce[:NONCE_BYTES], "big") ^ self._mask for label in _LABELS)
        return AESGCM(self._encrypted(b"".join(half.to_bytes(_BLOCK, "big") for half in halves)))

    def _encrypted(self, blocks: bytes) -> bytes:
        return self._blocks.encryptor().update(blocks)


def _doubled(block: bytes) -> int:
    """The first subkey of CMAC: the block times x in the field of 2^128 elements."""
    number = int.from_bytes(block, "big") << 1
    return (number ^ _CARRY) & (1 << 128) - 1 if number >> 128 else number


def new_key() -> bytes:
    """A random key from the system's generator."""
    return os.urandom(KEY_BYTES)


def encrypt(key: bytes, plaintext: bytes, aad: bytes, *, nonce: bytes | None = None) -> bytes:
    """nonce ‖ ciphertext ‖ tag. Raises ValueError for a key or nonce of another length."""
    return Cipher(key).encrypt(plaintext, aad, nonce=nonce)


def decrypt(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext of nonce ‖ ciphertext ‖ tag. Raises Tampered, and ValueError for a key of another length."""
    return Cipher(key).decrypt(sealed, aad)
