"""Sealed values: a header that names the key, and AES-256-GCM bound to the place where the value is stored.

    0x02 ‖ data key's id (16 bytes) ‖ nonce (24) ‖ ciphertext ‖ tag (16)

The AAD is the header, table, column, primary key and the data key's version, each behind its length. Values that begin
with 0x01 have a nonce of 12 bytes and are sealed under the data key itself; they are read, and no longer written.
"""

from typing import NamedTuple
from uuid import UUID

from qenex.vault import aead, keyring
from qenex.vault.encoding import parts
from qenex.vault.errors import Tampered

FORMAT, FIRST_FORMAT = b"\x02", b"\x01"
HEADER_BYTES = len(FORMAT) + 16
OVERHEAD = HEADER_BYTES + aead.EXTENDED_OVERHEAD
"""How many bytes longer than the plaintext a sealed value is."""


class Place(NamedTuple):
    """Where a value is stored: it opens nowhere else."""

    table: str
    column: str
    pk: str


def seal(plaintext: bytes, place: Place, *, purpose: str, subject: str = "") -> bytes:
    """The sealed value under the live key. Raises Shredded and ProviderUnavailable; nothing is kept in clear then."""
    return seal_under(keyring.live(purpose, subject), plaintext, place)


def seal_under(key: keyring.Key, plaintext: bytes, place: Place) -> bytes:
    """The sealed value under this key."""
    header = FORMAT + key.id.bytes
    return header + key.extended.encrypt(plaintext, _aad(header, key, place))


def unseal(sealed: bytes, place: Place) -> bytes:
    """The plaintext. Raises Tampered, Shredded and ProviderUnavailable."""
    header = sealed[:HEADER_BYTES]
    key = keyring.key(key_id(sealed))
    cipher = key.extended if header.startswith(FORMAT) else key.cipher
    return cipher.decrypt(sealed[HEADER_BYTES:], _aad(header, key, place))


def key_id(sealed: bytes) -> UUID:
    """The id of the data key that the header names. Raises Tampered."""
    if len(sealed) < HEADER_BYTES or not sealed.startswith((FORMAT, FIRST_FORMAT)):
        raise Tampered("these are not the bytes of a sealed value")
    return UUID(bytes=sealed[len(FORMAT) : HEADER_BYTES])


def _aad(header: bytes, key: keyring.Key, place: Place) -> bytes:
    return parts("qenex.vault.value", header, *place, key.version)
