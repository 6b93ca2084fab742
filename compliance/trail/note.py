"""Signed notes (C2SP signed-note) with Ed25519, and the cosignatures of witnesses (C2SP tlog-cosignature).

A note is a text, an empty line, and lines of signatures. A key is told by its name and four bytes of a hash over name,
algorithm and key. A signature of an unknown key is passed over; one of a known key that fails makes the note worthless.
"""

import re
import struct
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance.trail.text import TextInvalid, decode64, encode64

ED25519 = 0x01
"""Signatures over the text."""

COSIGNATURE = 0x04
"""Signatures over a time and the text of a checkpoint."""

MAX_SIGNATURES = 100
_MARK = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID, _TIMESTAMP = struct.Struct(">4s"), struct.Struct(">Q")
_MAX_TIMESTAMP = (1 << 63) - 1
_SIGNATURE_BYTES = 64

_FIELD = (1 << 255) - 19
_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})
"""The y of the points whose order divides 8. A signature of such a key can hold for any text."""


class NoteInvalid(ValueError):
    """The text is no note, or the key no key."""


class Key(NamedTuple):
    """A public key under the name by which notes know it."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which its signatures are told."""
        return key_id(self.name, self.algorithm, self.public)


class Signature(NamedTuple):
    """A line of signature: whose it says it is, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line, ending in a newline."""
        return f"{_MARK}{self.name} {encode64(self.key_id + self.signature)}\n"


class Note(NamedTuple):
    """A text, which ends in a newline, and its signatures. Nothing has been verified."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> str:
        """The note as it is sent."""
        return encode(self.text, (each.line for each in self.signatures))

    def by(self, key: Key) -> list[Signature]:
        """The signatures that say that they are the key's."""
        return [each for each in self.signatures if (each.name, each.key_id) == (key.name, key.id)]


def encode(text: str, lines: Iterable[str]) -> str:
    """A note of a text, which ends in a newline, and lines of signatures, which do so too. Raises NoteInvalid."""
    note = f"{text}\n{''.join(lines)}"
    if parse(note).text != text:
        raise NoteInvalid("the text does not end in a newline")
    return note


def parse(note: str | bytes) -> Note:
    """The text and the signatures of a note, or of the bytes of one. Raises NoteInvalid; verifies nothing."""
    note = note if isinstance(note, str) else _decoded(note)
    _refuse_characters(note)
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise NoteInvalid("a note is a text, an empty line and lines of signatures, each with a newline")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise NoteInvalid(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(f"{text}\n", tuple(map(parse_line, signatures)))


def parse_line(line: str) -> Signature:
    """The signature of a line, without its newline. Raises NoteInvalid."""
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    raw = _bytes(encoded) if line.startswith(_MARK) and _is_name(name) else b""
    if len(raw) <= _KEY_ID.size:
        raise NoteInvalid("a line of signature is a dash, a name and base64 of a key's id and a signature")
    return Signature(name, raw[: _KEY_ID.size], raw[_KEY_ID.size :])


def verify(text: str | bytes, vkey: str) -> bool:
    """Whether the note, given with its signatures, is signed by that Ed25519 key.

    False where the note or the key is malformed, none of the signatures is the key's, or one that is does not hold.
    """
    try:
        note, key = parse(text), parse_vkey(vkey)
    except NoteInvalid:
        return False
    found = note.by(key)
    return key.algorithm == ED25519 and bool(found) and all(_holds(key, note.text, each.signature) for each in found)


def verify_cosignature(note: Note | str | bytes, vkey: str) -> int | None:
    """When that witness last cosigned the note: seconds since 1970; None as `verify` is False."""
    try:
        signed, key = note if isinstance(note, Note) else parse(note), parse_vkey(vkey)
    except NoteInvalid:
        return None
    times = [_cosigned_at(key, signed.text, each.signature) for each in signed.by(key)]
    found = [at for at in times if at is not None]
    return max(found) if key.algorithm == COSIGNATURE and found and len(found) == len(times) else None


def _cosigned_at(key: Key, text: str, signature: bytes) -> int | None:
    if len(signature) != _TIMESTAMP.size + _SIGNATURE_BYTES:
        return None
    [at] = _TIMESTAMP.unpack_from(signature)
    message = cosignature_text(at, text) if at <= _MAX_TIMESTAMP else None
    return at if message and _holds(key, message, signature[_TIMESTAMP.size :]) else None


def cosignature_text(timestamp: int, checkpoint_text: str) -> str:
    """What a witness signs: that it saw this checkpoint at that time, in seconds since 1970. Raises NoteInvalid."""
    if not 0 <= timestamp <= _MAX_TIMESTAMP:
        raise NoteInvalid(f"{timestamp} is no time")
    return f"cosignature/v1\ntime {timestamp}\n{checkpoint_text}"


def cosigned_at(line: str) -> int:
    """The time in a line of cosignature, in seconds since 1970; verifies nothing. Raises NoteInvalid."""
    signature = parse_line(line.removesuffix("\n")).signature
    if len(signature) != _TIMESTAMP.size + _SIGNATURE_BYTES:
        raise NoteInvalid("the line is no cosignature")
    moment: int = _TIMESTAMP.unpack_from(signature)[0]
    return moment


def signature_line(name: str, public: bytes, signature: bytes) -> str:
    """The line, ending in a newline, of an Ed25519 signature over a note's text."""
    return Signature(name, key_id(name, ED25519, public), signature).line


def cosignature_line(name: str, public: bytes, timestamp: int, signature: bytes) -> str:
    """The line, ending in a newline, of an Ed25519 signature over `cosignature_text`."""
    return Signature(name, key_id(name, COSIGNATURE, public), _TIMESTAMP.pack(timestamp) + signature).line


def vkey(name: str, public: bytes, algorithm: int = ED25519) -> str:
    """The key as text: name, id and key, joined by plus signs. Raises NoteInvalid where one of them is unfit."""
    text = f"{name}+{key_id(name, algorithm, public).hex()}+{encode64(bytes([algorithm]) + public)}"
    parse_vkey(text)
    return text


def parse_vkey(vkey: str) -> Key:
    """The key of a text. Raises NoteInvalid on another algorithm, a wrong id, and a key that no secret key has."""
    _refuse_characters(vkey)
    name, _, rest = vkey.partition("+")
    id, _, encoded = rest.partition("+")
    raw = _bytes(encoded)
    if not _is_name(name) or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
        raise NoteInvalid("a key is a name, an id and base64 of an algorithm and an Ed25519 key, joined by plus signs")
    key = Key(name, raw[0], raw[1:])
    if key.id.hex() != id:
        raise NoteInvalid("the key's id is not that of its name and key")
    y = int.from_bytes(key.public, "little") & (1 << 255) - 1
    if y >= _FIELD or y in _SMALL_ORDER:
        raise NoteInvalid("the key is a point of small order or not in its canonical form")
    return key


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """The first four bytes of SHA-256 over name, newline, algorithm and key."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[: _KEY_ID.size]


def _holds(key: Key, message: str, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(note: bytes) -> str:
    try:
        return note.decode()
    except UnicodeDecodeError as error:
        raise NoteInvalid("the note is not UTF-8") from error


def _refuse_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteInvalid("the text is not UTF-8") from error
    if _CONTROL.search(text):
        raise NoteInvalid("the text has a control character")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(map(str.isspace, name))


def _bytes(encoded: str) -> bytes:
    try:
        return decode64(encoded)
    except TextInvalid as error:
        raise NoteInvalid(str(error)) from error
