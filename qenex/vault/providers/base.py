"""What the vault asks of a keeper of keys."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

EDDSA, ES256 = "EdDSA", "ES256"
"""Ed25519 (RFC 8032) and ECDSA on P-256 with SHA-256, by their names in JSON Web Algorithms (RFC 7518, RFC 8037)."""


class Kek(NamedTuple):
    """A key-encryption key by name: the key itself stays with its provider."""

    id: str
    """`provider:hex`, unlike that of any other key."""
    version: int


class MadeKey(NamedTuple):
    """A new signing key."""

    public: bytes
    """SubjectPublicKeyInfo, DER."""
    private: bytes | None
    """PKCS #8, DER; none where it never leaves the provider."""


class KeyProvider(Protocol):
    """Wraps data keys, and holds signing keys where it can. Every method may raise ProviderUnavailable."""

    name: str

    def newest(self) -> Kek | None:
        """The key-encryption key of the highest version; none before the first was made."""

    def make(self, version: int) -> Kek:
        """Makes the key-encryption key of this version; of two that make it at once, both get what exists then."""

    def wrap(self, kek: Kek, secret: bytes, aad: bytes) -> bytes:
        """Encrypts a key by AES-256-GCM under a key-encryption key: nonce ‖ ciphertext ‖ tag."""

    def unwrap(self, kek_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The key that was wrapped. Raises Tampered."""

    def algorithms(self) -> Sequence[str]:
        """The signature algorithms it has, the best first."""

    def make_signing_key(self, label: str, algorithm: str) -> MadeKey:
        """Makes a signing key, and keeps it under the label where it never leaves the provider."""

    def sign(self, label: str, algorithm: str, data: bytes) -> bytes:
        """Signs with a key that the provider keeps: 64 bytes, for ES256 r ‖ s."""

    def check(self) -> None:
        """Whether it can be used now."""

    def close(self) -> None:
        """Lets go of what it has open."""
