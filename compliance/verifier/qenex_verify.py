#!/usr/bin/env python3
"""Checks what QENEX says of its own records, without QENEX: one file, Python 3.11 and the package `cryptography`.

    qenex_verify.py receipt FILE --key VKEY [--witness VKEY ... --quorum K]
    qenex_verify.py log DIR [--since CHECKPOINT] [--key VKEY ...]
    qenex_verify.py export FILE [--since CHECKPOINT] [--key VKEY ...]

Exit code 0: proven. 1: not proven, and one line says why and where. 2: the files or arguments cannot be read.
What each line of output proves, and the formats byte by byte, are in docs/guide/verifier.md. The rules are RFC 6962 and
RFC 9162 (trees and proofs) and C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof and tlog-tiles.
"""

import argparse
import gzip
import hashlib
import json
import re
import struct
import sys
import tempfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import chain, groupby, islice, zip_longest
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write("cannot read: the Python package `cryptography` is not installed\n")
    sys.exit(2)


class NotProven(Exception):
    """What was to be proven is not: why, and where."""


class Unreadable(Exception):
    """The file or the argument is not what it was said to be."""


# Trees: RFC 6962, section 2.1; proofs as RFC 9162, section 2.1.3.2 and 2.1.4.2, has them verified.

EMPTY = sha256().digest()
Hashes = Sequence[bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Hashes) -> bytes:
    """The root over leaf hashes, level by level; an odd last node rises unchanged."""
    level = list(leaf_hashes) or [EMPTY]
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)] + odd
    return level[0]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Hashes, root: bytes) -> bool:
    """Whether the proof leads from the leaf's hash at the index to the root of so many leaves."""
    if not 0 <= index < size:
        return False
    at, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Hashes) -> bool:
    """Whether the first tree is a prefix of the second. Of an empty one nothing is proven."""
    if not 0 < size1 <= size2 or size1 == size2:
        return 0 < size1 == size2 and not proof and root1 == root2
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if len(path) < 2:
        return False
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and first == root1 and second == root2


class Range:
    """The first leaves of a tree as the roots of its largest full subtrees, left to right: memory of log2(size)."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size, self.peaks = size, list(peaks)
        if len(self.peaks) != size.bit_count() or any(len(peak) != 32 for peak in self.peaks):
            raise NotProven(f"range: its hashes are not those of {size} entries")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "Range":
        """Adds leaves, whole subtrees of 256 at once, and is the range itself."""
        leaves = iter(leaf_hashes)
        for each in islice(leaves, -self.size % 256):
            self._push(each, 0)
        while len(block := list(islice(leaves, 256))) == 256:
            self._push(root_of(block), 8)
        for each in block:
            self._push(each, 0)
        return self

    def _push(self, reached: bytes, height: int) -> None:
        count = self.size >> height
        while count & 1:
            reached, count = node_hash(self.peaks.pop(), reached), count >> 1
        self.peaks.append(reached)
        self.size += 1 << height

    def root(self) -> bytes:
        """The root of these leaves."""
        reached = self.peaks[-1] if self.peaks else EMPTY
        for peak in reversed(self.peaks[:-1]):
            reached = node_hash(peak, reached)
        return reached


# Text: numbers and base64 in their one spelling.

_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")


def number(text: str, where: str) -> int:
    """A decimal of 64 bits."""
    if not _NUMBER.fullmatch(text) or int(text) >= 1 << 64:
        raise NotProven(f"{where}: {shown(text)} is no number")
    return int(text)


def decode64(text: str, where: str) -> bytes:
    """Base64 (RFC 4648, section 4) without any spelling but the canonical one."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = b""
    if not data or b64encode(data).decode() != text:
        raise NotProven(f"{where}: {shown(text)} is no base64")
    return data


def shown(value: object) -> str:
    """A value for a terminal: what could move the cursor or turn the writing is escaped, what is long is cut."""
    text = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in str(value))
    return text if len(text) <= 500 else f"{text[:500]}… ({len(text)} characters)"


# Notes, keys and checkpoints: C2SP signed-note, tlog-cosignature and tlog-checkpoint.

ED25519, COSIGNATURE = 1, 4
_FIELD = (1 << 255) - 19
_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL_ORDER = {0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8}


class Key(NamedTuple):
    """A public key and the name by which notes know it."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which its signatures are told."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{shown(self.name)}+{self.id.hex()}"

    def holds(self, message: str, signature: bytes) -> bool:
        """Whether the signature is the key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def is_name(name: str) -> bool:
    """Whether a key can be called so."""
    return bool(name) and "+" not in name and not any(each.isspace() or each < " " for each in name)


def parse_key(vkey: str, algorithm: int) -> Key:
    """The key of a vkey. Keys for which a signature can hold over any text are refused."""
    name, _, rest = vkey.strip().partition("+")
    id, _, encoded = rest.partition("+")
    try:
        raw = decode64(encoded, "key")
        key = Key(name, raw[0], raw[1:])
        fits = is_name(name) and len(raw) == 33 and key.id.hex() == id
    except (NotProven, UnicodeEncodeError):
        fits = False
    if not fits:
        raise Unreadable(f"{shown(vkey)} is no key: a name, an id and base64, joined by plus signs")
    if key.algorithm != algorithm:
        raise Unreadable(f"{key} is not the key of a {'witness' if algorithm == COSIGNATURE else 'log'}")
    y = int.from_bytes(key.public, "little") & (1 << 255) - 1
    if y >= _FIELD or y in _SMALL_ORDER:
        raise Unreadable(f"{key} is a point of small order or not in canonical form")
    return key


class Signature(NamedTuple):
    """A line of signature."""

    name: str
    key_id: bytes
    signature: bytes


class Checkpoint(NamedTuple):
    """A signed note and what it says: whose log, how many entries, and the root over them."""

    text: str
    signatures: tuple[Signature, ...]
    origin: str
    size: int
    root: bytes

    def by(self, key: Key) -> list[bytes]:
        """The signatures that say that they are the key's."""
        return [each.signature for each in self.signatures if (each.name, each.key_id) == (key.name, key.id)]


def parse_checkpoint(note: str, where: str) -> Checkpoint:
    """The checkpoint of a note; nothing is verified."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise NotProven(f"{where}: it is no signed note")
    signatures = tuple(_signature(line, where) for line in lines[:-1].split("\n"))
    said = text.split("\n")
    if len(signatures) > 100 or len(said) < 3 or not all(said):
        raise NotProven(f"{where}: it is no checkpoint")
    root = decode64(said[2], where)
    if len(root) != 32:
        raise NotProven(f"{where}: its root has not 32 bytes")
    return Checkpoint(f"{text}\n", signatures, said[0], number(said[1], where), root)


def _signature(line: str, where: str) -> Signature:
    name, _, encoded = line.removeprefix("\u2014 ").partition(" ")
    raw = decode64(encoded, where)
    if not line.startswith("\u2014 ") or not is_name(name) or len(raw) < 5:
        raise NotProven(f"{where}: {shown(line)} is no line of a signature")
    return Signature(name, raw[:4], raw[4:])


def signer(checkpoint: Checkpoint, keys: Sequence[Key], origin: str | None, where: str) -> Key:
    """The key that signed. A known key whose signature fails makes the whole note worthless."""
    found = [(key, checkpoint.by(key)) for key in keys]
    for key, signatures in found:
        if not all(key.holds(checkpoint.text, each) for each in signatures):
            raise NotProven(f"{where}: the signature of {key} does not hold")
    signed = [key for key, signatures in found if signatures]
    if not signed:
        names = ", ".join(f"{shown(each.name)}+{each.key_id.hex()}" for each in checkpoint.signatures)
        raise NotProven(f"{where}: none of the keys given has signed it; the signatures are of {names}")
    named = [key for key in signed if (origin or key.name) == checkpoint.origin]
    if not named:
        raise NotProven(f"{where}: it is of the log {shown(checkpoint.origin)}, and the key is that of another")
    return named[0]


def cosigned_at(checkpoint: Checkpoint, key: Key) -> int | None:
    """When a witness cosigned, in seconds since 1970; None where it did not, or a signature of it does not hold."""
    times = []
    for each in checkpoint.by(key):
        if len(each) != 72:
            return None
        at = int.from_bytes(each[:8], "big")
        if at >= 1 << 63 or not key.holds(f"cosignature/v1\ntime {at}\n{checkpoint.text}", each[8:]):
            return None
        times.append(at)
    return max(times, default=None)


# Events and transfers.

PREFIX = b"qenex event v1\n"
POSTED = "ledger.transfers.posted"
KINDS = ["posted", "hold", "post of a hold", "void", "expiry", "reversal", "post of a part of a hold"]
_IDS = ("id", "book", "debit account", "credit account", "asset")


def parse_event(leaf: bytes, where: str) -> tuple[int, dict[str, Any]]:
    """The transaction and the event that a leaf tells of."""
    if not leaf.startswith(PREFIX) or len(leaf) < len(PREFIX) + 8:
        raise NotProven(f"{where}: the leaf is not that of an event")
    start = len(PREFIX) + 8
    return int.from_bytes(leaf[len(PREFIX) : start], "big"), parse_body(leaf[start:], where)


def parse_body(body: bytes, where: str) -> dict[str, Any]:
    """The event of a body: a JSON object in which no key comes twice."""
    try:
        event = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise NotProven(f"{where}: the event is no JSON: {shown(error)}") from error
    if not isinstance(event, dict):
        raise NotProven(f"{where}: the event is no object")
    return event


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def part(event: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within an event, empty where there is none."""
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def transfers_root(event: dict[str, Any], where: str) -> tuple[bytes, int]:
    """The root over the transfers that the event tells of, and how many they are."""
    data = part(event, "data")
    root, count = data.get("transfers_root"), data.get("count")
    if event.get("type") != POSTED or not isinstance(root, str) or not re.fullmatch("[0-9a-f]{64}", root):
        raise NotProven(f"{where}: the event tells of no transfers")
    if type(count) is not int:
        raise NotProven(f"{where}: the event does not say of how many transfers it tells")
    return bytes.fromhex(root), count


def parse_transfer(leaf: bytes, where: str) -> dict[str, Any]:
    """The row of a transfer, from PostgreSQL's binary form of its 17 columns: docs/guide/leaf.md."""
    try:
        ids, amounts, times, kind, rest = _columns(leaf)
        event, journal, origin, reference, metadata = rest
        posted_at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=struct.unpack(">q", times[0])[0])
        return {
            **{name: str(UUID(bytes=raw)) for name, raw in zip(_IDS, ids, strict=True)},
            **dict(zip(("amount", "debit balance", "credit balance"), map(_amount, amounts), strict=True)),
            "posted at": posted_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "value date": str(date(2000, 1, 1) + timedelta(days=struct.unpack(">i", times[1])[0])),
            "kind": dict(enumerate(KINDS, 1))[struct.unpack(">h", kind[0])[0]],
            "code": struct.unpack(">i", kind[1])[0],
            "event": str(UUID(bytes=event)),
            "journal": journal and str(UUID(bytes=journal)),
            "origin": origin and str(UUID(bytes=origin)),
            "reference": reference.decode(),
            "metadata": metadata and _metadata(metadata),
        }
    except (struct.error, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise NotProven(f"{where}: the leaf is not that of a transfer") from error


def _metadata(raw: bytes) -> Any:
    if raw[:1] != b"\x01":
        raise ValueError("metadata has another form")
    return json.loads(raw[1:], object_pairs_hook=_object, parse_constant=_constant)


def _columns(leaf: bytes) -> tuple[list[Any], list[Any], list[Any], list[Any], list[Any]]:
    columns: list[bytes | None] = []
    [count], at = struct.unpack_from(">h", leaf), 2
    for _ in range(17):
        [length] = struct.unpack_from(">i", leaf, at)
        if length < -1:
            raise ValueError("a column has a length")
        columns.append(None if length == -1 else leaf[at + 4 : at + 4 + length])
        at += 4 + max(length, 0)
    if count != 17 or at != len(leaf):
        raise ValueError("a row has 17 columns")
    return columns[:5], columns[5:8], columns[8:10], columns[10:12], columns[12:]


def _amount(raw: bytes) -> str:
    head, groups = struct.unpack(">hhHH", raw[:8]), struct.unpack(">10h", raw[8:])
    if head not in ((10, 4, 0, 18), (10, 4, 0x4000, 18)) or not all(0 <= group < 10_000 for group in groups):
        raise ValueError("an amount has another form")
    digits = "".join(f"{group:04d}" for group in groups)
    whole, fraction = str(int(digits[:20])), digits[20:].rstrip("0")
    return ("-" if head[2] else "") + whole + (f".{fraction}" if fraction else "")


# What is said in the end.


class Report:
    """What has been proven, as lines for people and as an object for programs."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, Any]] = []
        self.what = ""

    def add(self, name: str, value: Any) -> None:
        """Notes a fact. Nothing is noted of what is not there."""
        if value is not None and value != "":
            self.facts.append((name, value))

    def text(self) -> str:
        """A line for each fact."""
        return "".join(f"  {name:<14} {shown(_plain(value))}\n" for name, value in self.facts)

    def object(self) -> dict[str, Any]:
        """The facts by their names; those that come more than once are lists."""
        found: dict[str, list[Any]] = {}
        for name, value in self.facts:
            found.setdefault(name.replace(" ", "_"), []).append(value)
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def checkpoint(self, checkpoint: Checkpoint, key: Key, given: bool) -> None:
        """Whose log it is, and by which key we know."""
        self.add("log", checkpoint.origin)
        self.add("entries", checkpoint.size)
        self.add("root", checkpoint.root.hex())
        self.add("signed by", str(key))
        if not given:
            self.add("warning", f"the key {key} came with the files; compare it with the one that you were given")

    def event(self, transaction: int, event: dict[str, Any]) -> None:
        """What was done, when and by whom, as the event has it."""
        actor, subject = part(event, "actor"), part(event, "subject")
        self.add("event", event.get("type"))
        self.add("event id", event.get("id"))
        self.add("recorded at", event.get("recorded_at"))
        self.add("transaction", transaction)
        self.add("actor", actor.get("name"))
        for name in ("id", "method", "key_id", "address"):
            self.add(f"actor {name}".replace("_", " "), actor.get(name))
        self.add("on behalf of", part(actor, "on_behalf_of").get("name"))
        self.add("subject", " ".join(str(subject[name]) for name in ("type", "id") if subject.get(name)))
        for name in ("book", "reason", "request_id"):
            self.add(name.replace("_", " "), event.get(name))
        blocks = event.get("personal")
        for block in blocks if isinstance(blocks, list) else ():
            self.add("sealed", block.get("places") if isinstance(block, dict) else block)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


# Receipts.

_HEAD = re.compile(r"[a-z][a-z0-9-]{0,31}(?: [!-~]{1,200}){1,8}")
Section = tuple[list[str], list[bytes]]


def parse_sections(lines: Iterable[str], where: str) -> dict[str, Section]:
    """Sections by their names: the head's arguments, and what its lines of base64 say."""
    found: dict[str, Section] = {}
    body: list[bytes] | None = None
    for line in lines:
        if _HEAD.fullmatch(line):
            name, *arguments = line.split(" ")
            if name in found:
                raise NotProven(f"{where}: the section {name} comes twice")
            body = []
            found[name] = arguments, body
        elif body is None:
            raise NotProven(f"{where}: {shown(line)} is no section")
        else:
            body.append(decode64(line, where))
    return found


def hashes(lines: Sequence[bytes], where: str) -> Sequence[bytes]:
    """Lines that are a proof."""
    if len(lines) > 64 or any(len(each) != 32 for each in lines):
        raise NotProven(f"{where}: a proof is at most 64 hashes of 32 bytes")
    return lines


def verify_receipt(args: argparse.Namespace, report: Report) -> None:
    """The event is in the log that was signed, and the transfer is in the event."""
    where = args.file.name
    text = read_text(args.file)
    head, _, rest = text.partition("\n\n")
    proof, _, note = rest.partition("\n\n")
    first, *lines = head.split("\n")
    if first != "qenex/receipt@v1":
        wrong = NotProven if "c2sp.org/tlog-proof@v1" in text else Unreadable
        raise wrong(f"{where}: it is no receipt: its first line is not qenex/receipt@v1")
    sections = parse_sections(lines, where)
    leaf, index, path = _tlog_proof(proof.split("\n"), where)
    checkpoint = parse_checkpoint(note, where)
    report.checkpoint(checkpoint, signer(checkpoint, args.keys, args.origin, where), True)
    cosigned(checkpoint, args, report, where)
    if not verify_inclusion(leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root):
        raise NotProven(f"{where}: the event is not entry {index} of the log of {checkpoint.size} entries")
    transaction, event = parse_event(leaf, where)
    report.what = f"event {event.get('id')} is entry {index} of the log"
    report.add("position", index)
    report.event(transaction, event)
    for name, (arguments, body) in sections.items():
        if name == "transfer":
            _transfer(arguments, body, event, report, where)
        elif name == "block":
            report.add("not checked", f"{name} {' '.join(arguments)}: this program knows no such section")
        else:
            raise NotProven(f"{where}: a receipt has no section {name}")


def _tlog_proof(lines: list[str], where: str) -> tuple[bytes, int, Sequence[bytes]]:
    if lines[0] != "c2sp.org/tlog-proof@v1" or [line.split(" ")[0] for line in lines[1:3]] != ["extra", "index"]:
        raise NotProven(f"{where}: there is no c2sp.org/tlog-proof@v1 with the event in it")
    path = [decode64(line, where) for line in lines[3:]]
    index = number(lines[2].partition(" ")[2], where)
    return decode64(lines[1].partition(" ")[2], where), index, hashes(path, where)


def _transfer(arguments: list[str], body: list[bytes], event: dict[str, Any], report: Report, where: str) -> None:
    if len(arguments) != 2 or not body:
        raise NotProven(f"{where}: the section transfer has a place, a number and a leaf")
    index, count = (number(each, where) for each in arguments)
    root, told = transfers_root(event, where)
    leaf, *path = body
    if count != told or not verify_inclusion(leaf_hash(leaf), index, count, hashes(path, where), root):
        raise NotProven(f"{where}: the transfer is not number {index} of the {told} transfers of its event")
    row = parse_transfer(leaf, where)
    if (row["event"], row["book"]) != (event.get("id"), event.get("book")):
        raise NotProven(f"{where}: the transfer names the event {row['event']} in the book {row['book']}")
    report.what = f"transfer {row['id']} is in its event, and {report.what}"
    report.add("transfer", row.pop("id"))
    report.add("place", f"{index} of 0 to {count - 1} within its event")
    for name, value in row.items():
        if name not in ("event", "book"):
            report.add(name, value)


def cosigned(checkpoint: Checkpoint, args: argparse.Namespace, report: Report, where: str) -> None:
    """As many of the given witnesses as are asked for have cosigned."""
    times = {str(key): cosigned_at(checkpoint, key) for key in args.witnesses}
    missing = [key for key, at in times.items() if at is None]
    for key, at in times.items():
        if at is not None:
            report.add("cosigned by", f"{key} at {_utc(at)}")
    if len(times) - len(missing) < args.quorum:
        found = len(times) - len(missing)
        raise NotProven(f"{where}: {found} of {args.quorum} witnesses have cosigned it; not {', '.join(missing)}")


def _utc(seconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC)
    return f"{moment + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}" if seconds < 1 << 37 else f"second {seconds}"


# Exports and mirrors of a log. Both are read as one stream: the bytes of each entry, and the hash that was sealed.

_FILE = re.compile(
    r"(?:entries|transfers)-([0-9]{19})\.jsonl|hashes-([0-9]{19})\.bin|checkpoint|vkeys|range|manifest\.json"
)
_ENTRY = re.compile(rb'\{"position":(0|[1-9][0-9]{0,18}),"transaction":(0|[1-9][0-9]{0,19}),"event":([^\n]+)\}\n')
_TRANSFER = re.compile(rb'\{"position":(0|[1-9][0-9]{0,18}),"index":(0|[1-9][0-9]{0,9}),"leaf":"([A-Za-z0-9+/=]+)"\}\n')
MAX_LINE = 1 << 26


Line = tuple[int, int, bytes]
"""Position; transaction, or a transfer's place; the event's bytes, or base64 of the transfer's leaf."""


class Source:
    """A directory with a log, or with a range of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = parse_checkpoint(read_text(path / "checkpoint"), "checkpoint")
        self.start, self.end = 0, self.checkpoint.size
        self.left: Sequence[bytes] = ()
        self.right: Sequence[bytes] = ()
        self.different, self.first_different = 0, 0

    def entries(self) -> Iterator[bytes] | None:
        """The hashes of the entries' bytes, from `start` on; none where the entries are not here."""
        names = self.names("entries")
        return map(_hash_of, self.lines(names)) if names else None

    def sealed(self) -> Iterator[bytes] | None:
        """The leaf hashes as they were sealed, from `start` on; none where they are not here."""
        names = self.names("hashes")
        return chain.from_iterable(map(self._hashes, names)) if names else None

    def leaves(self) -> Iterator[bytes]:
        """The leaf hashes from `start` to `end`, as they were sealed. Entries with other bytes are noted."""
        sealed, entries = self.sealed(), self.entries()
        if sealed is not None and entries is not None:
            return self._counted(self._compared(sealed, entries))
        return self._counted(sealed or entries or iter(()))

    def _compared(self, sealed: Iterator[bytes], entries: Iterator[bytes]) -> Iterator[bytes]:
        for position, (listed, found) in enumerate(zip_longest(sealed, entries), self.start):
            if found != listed:
                if found is None or listed is None:
                    raise NotProven(f"position {position}: there is {'no entry' if found is None else 'no hash'}")
                self.first_different = self.first_different if self.different else position
                self.different += 1
            yield listed

    def _counted(self, leaves: Iterator[bytes]) -> Iterator[bytes]:
        missing = self.end - self.start
        for each in islice(leaves, missing):
            yield each
            missing -= 1
        if missing:
            raise NotProven(f"position {self.end - missing}: the entry is missing")
        if next(leaves, None) is not None:
            raise NotProven(f"position {self.end}: there is an entry more than the log has")

    def names(self, kind: str) -> list[str]:
        """The files of a kind in the order of their positions."""
        return sorted(each.name for each in self.path.iterdir() if each.name.startswith(f"{kind}-"))

    def lines(self, names: Iterable[str], pattern: re.Pattern[bytes] = _ENTRY) -> Iterator[Line]:
        """The lines of files. Entries go on where the file before has ended."""
        position = self.start
        for name in names:
            with (self.path / name).open("rb") as file:
                for count, line in enumerate(iter(partial(file.readline, MAX_LINE), b""), 1):
                    found = pattern.fullmatch(line)
                    if not found:
                        raise NotProven(f"{name} line {count}: it is not of the form that these lines have")
                    at = int(found[1])
                    if at != position and pattern is _ENTRY:
                        raise NotProven(f"position {position}: {name} line {count} has position {at} instead")
                    position += 1
                    yield at, int(found[2]), found[3]

    def _hashes(self, name: str) -> Iterator[bytes]:
        with (self.path / name).open("rb") as file:
            while some := file.read(8192):
                if len(some) % 32:
                    raise NotProven(f"{name}: it ends within a hash")
                yield from _split(some)


def _split(some: bytes) -> list[bytes]:
    return [some[at : at + 32] for at in range(0, len(some), 32)]


def _hash_of(line: Line) -> bytes:
    position, transaction, body = line
    if transaction >= 1 << 64:
        raise NotProven(f"position {position}: {transaction} is no transaction")
    return sha256(b"\x00" + PREFIX + transaction.to_bytes(8, "big") + body).digest()


class Export(Source):
    """An export: its files are those of its manifest, and its range hangs in the tree as the file `range` says."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        manifest = _manifest(path)
        self._check_files(manifest["files"])
        self._read_range()
        told = {"origin": self.checkpoint.origin, "start": self.start, "end": self.end, "size": self.checkpoint.size}
        for name, value in told.items():
            if manifest.get(name) != value or isinstance(manifest[name], bool):
                raise NotProven(f"manifest.json: {name} is not {shown(value)}, as the other files have it")
        if not self.names("entries") and self.start < self.end:
            raise NotProven(f"position {self.start}: the entry is missing")

    def _check_files(self, files: list[dict[str, Any]]) -> None:
        listed, there = {each["name"]: each for each in files}, {each.name for each in self.path.iterdir()}
        if len(listed) < len(files) or set(listed) != there - {"manifest.json"}:
            odd = ", ".join(sorted(set(listed) ^ (there - {"manifest.json"}))[:5])
            raise NotProven(f"manifest.json: it does not list the files that are here, each once: {shown(odd)}")
        for name, each in listed.items():
            file = self.path / name
            if not _FILE.fullmatch(name) or file.is_symlink() or not file.is_file():
                raise NotProven(f"{shown(name)}: an export has no such file")
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if (file.stat().st_size, digest) != (each["size"], each["sha256"]):
                raise NotProven(f"{name}: its bytes are not those of the manifest")

    def _read_range(self) -> None:
        first, *lines = read_text(self.path / "range").removesuffix("\n").split("\n")
        sections = parse_sections(lines, "range")
        if first != "qenex/range@v1" or list(sections) != ["left", "right"]:
            raise NotProven("range: it is not of the form qenex/range@v1")
        (left, self.left), (right, proof) = sections.values()
        if (len(left), len(right)) != (1, 2):
            raise NotProven("range: left has one number, right two")
        self.start, self.end, size = (number(each, "range") for each in (*left, *right))
        self.right = hashes(proof, "range")
        if not self.start <= self.end <= size or size != self.checkpoint.size:
            raise NotProven(f"range: {self.start} to {self.end} of {size} is no range of the log")


def _manifest(path: Path) -> dict[str, Any]:
    manifest = parse_body(read_text(path / "manifest.json").encode(), "manifest.json")
    files, fields = manifest.get("files"), {"name": str, "size": int, "sha256": str}
    if manifest.get("format") != "qenex/export@v1" or not isinstance(files, list):
        raise NotProven("manifest.json: it is not of the form qenex/export@v1")
    for each in files:
        if not isinstance(each, dict) or any(type(each.get(name)) is not kind for name, kind in fields.items()):
            raise NotProven("manifest.json: a file has a name, a size and a SHA-256")
    return manifest


class Mirror(Source):
    """A log as C2SP tlog-tiles has it: checkpoint, tile/... and perhaps tile/entries/... or entries-....jsonl."""

    def entries(self) -> Iterator[bytes] | None:
        """The hashes of the entries' bytes, if they are here."""
        if (self.path / "tile" / "entries").is_dir():
            return chain.from_iterable(map(self._bundle, range(0, self.end, 256)))
        return super().entries()

    def sealed(self) -> Iterator[bytes] | None:
        """The hashes of the tiles of level 0, if they are here. The tiles above are compared with them on the way."""
        return self._tiles() if (self.path / "tile" / "0").is_dir() else None

    def _tiles(self) -> Iterator[bytes]:
        above: list[tuple[int, list[bytes]]] = []
        for first in range(0, self.end, 256):
            some = self._tile(0, first // 256, min(256, self.end - first))
            yield from some
            if len(some) == 256:
                self._rise(above, 1, root_of(some))
        for level, (index, row) in enumerate(above, 1):
            self._compare(level, index, row)

    def _rise(self, above: list[tuple[int, list[bytes]]], level: int, reached: bytes) -> None:
        """Adds the root of a full tile to the level above; where that fills a tile, to the next, and so on."""
        above += [(0, [])] * (level > len(above))
        index, row = above[level - 1]
        row = [*row, reached]
        above[level - 1] = index, row
        if len(row) == 256:
            self._compare(level, index, row)
            above[level - 1] = index + 1, []
            self._rise(above, level + 1, root_of(row))

    def _compare(self, level: int, index: int, row: list[bytes]) -> None:
        for at, (here, below) in enumerate(zip(self._tile(level, index, len(row)), row, strict=True)):
            if here != below:
                first, count = (index * 256 + at) * 256**level, 256**level
                raise NotProven(f"positions {first} to {first + count - 1}: tile/{level} is not made of those below")

    def _tile(self, level: int, index: int, width: int) -> list[bytes]:
        some = self._read(f"tile/{level}", index, width) if width else b""
        if len(some) < width * 32 or len(some) % 32:
            raise NotProven(f"tile/{level} number {index}: it has {len(some)} bytes")
        return _split(some)[:width]

    def _bundle(self, first: int) -> Iterator[bytes]:
        width, at = min(256, self.end - first), 0
        some = self._read("tile/entries", first // 256, width)
        for position in range(first, first + width):
            length = int.from_bytes(some[at : at + 2], "big")
            if len(some) < at + 2 + length or len(some) == at:
                raise NotProven(f"position {position}: tile/entries ends before it")
            yield leaf_hash(some[at + 2 : at + 2 + length])
            at += 2 + length
        if width == 256 and at != len(some):
            raise NotProven(f"position {first + width}: tile/entries has an entry more than a tile")

    def _read(self, kind: str, index: int, width: int) -> bytes:
        """The tile of so many hashes, or a wider one where that has taken its place."""
        groups, rest = [f"{index % 1000:03d}"], index // 1000
        while rest:
            groups, rest = [f"x{rest % 1000:03d}", *groups], rest // 1000
        full = self.path / kind / "/".join(groups)
        narrow = full.with_name(f"{full.name}.p") / str(width)
        wider = [each for each in narrow.parent.glob("[0-9]*") if each.name.isdigit() and int(each.name) > width]
        for path in (full,) if width == 256 else (narrow, full, *wider):
            if path.is_file():
                return path.read_bytes()
        raise NotProven(f"positions {self._positions(kind, index)}: {full.relative_to(self.path)} is missing")

    def _positions(self, kind: str, index: int) -> str:
        span = 256 if kind == "tile/entries" else 256 ** (int(kind.removeprefix("tile/")) + 1)
        return f"{index * span} to {min((index + 1) * span, self.end) - 1}"


def verify_log(args: argparse.Namespace, report: Report) -> None:
    """The entries are those of the signed checkpoint, and go on from an earlier one."""
    with opened(args.file, args.limit) as path:
        source = _source(path)
        if args.command == "export" and not isinstance(source, Export):
            raise Unreadable(f"{args.file} is no export: there is no manifest.json")
        keys = args.keys or _keys_of(path)
        report.checkpoint(
            source.checkpoint, signer(source.checkpoint, keys, args.origin, "checkpoint"), bool(args.keys)
        )
        cosigned(source.checkpoint, args, report, "checkpoint")
        earlier = _earlier(args.since, keys, args.origin) if args.since else None
        reached = _prove(source, earlier)
        count = source.end - source.start
        span = f"entries {source.start} to {source.end - 1} are" if count else "no entry is"
        report.what = f"{span} in the log of {source.checkpoint.size} entries"
        report.add("first", source.start)
        report.add("count", count)
        report.add("bytes", "of every entry" if source.entries() else "none: only the hashes are here")
        if earlier:
            _is_prefix(earlier, reached, source, args.since)
            report.what += f", and it has grown from the earlier one of {earlier.size}"
            report.add("since", earlier.size)
        _transfers(source, report)


def _source(path: Path) -> Source:
    if not (path / "checkpoint").is_file():
        raise Unreadable(f"{path} has no checkpoint: it is neither an export nor a mirror of a log")
    return Export(path) if (path / "manifest.json").is_file() else Mirror(path)


def _keys_of(path: Path) -> list[Key]:
    if not (path / "vkeys").is_file():
        raise Unreadable("no --key was given, and there is no file vkeys")
    keys = []
    for line in read_text(path / "vkeys").splitlines():
        with suppress(Unreadable):
            keys.append(parse_key(line, ED25519))
    return keys


def _earlier(path: Path, keys: Sequence[Key], origin: str | None) -> Checkpoint:
    file = path / "checkpoint" if path.is_dir() else path
    earlier = parse_checkpoint(read_text(file), f"earlier checkpoint {path}")
    signer(earlier, keys, origin, f"earlier checkpoint {path}")
    return earlier


def _prove(source: Source, earlier: Checkpoint | None) -> bytes | None:
    """Leads the entries to the signed root. Returns the root at the size of the earlier checkpoint, if it is passed."""
    grown, reached = Range(source.start, source.left), None
    try:
        leaves = source.leaves()
        if earlier and source.start <= earlier.size <= source.end:
            reached = grown.extend(islice(leaves, earlier.size - source.start)).root()
        leads = _leads(grown.extend(leaves), source)
    except NotProven as error:
        if source.different:
            raise NotProven(_changed(source, f"then {error}")) from error
        raise
    if source.different:
        with_them = "lead to the signed root" if leads else "do not lead to the signed root either"
        raise NotProven(_changed(source, f"the hashes that are listed {with_them}"))
    if not leads:
        raise NotProven(f"positions {source.start} to {source.end - 1}: they do not lead to the signed root")
    if earlier and earlier.size in (0, source.checkpoint.size):
        return source.checkpoint.root if earlier.size else EMPTY
    return reached


def _leads(grown: Range, source: Source) -> bool:
    signed, root = source.checkpoint, grown.root()
    if source.end == signed.size:
        return root == signed.root and not source.right
    return verify_consistency(source.end, signed.size, root, signed.root, source.right)


def _changed(source: Source, more: str) -> str:
    others = f" ({source.different} entries in all)" if source.different > 1 else ""
    return f"position {source.first_different}: the entry has other bytes than were sealed{others}; {more}"


def _is_prefix(earlier: Checkpoint, reached: bytes | None, source: Source, path: Path) -> None:
    now = source.checkpoint
    if earlier.origin != now.origin:
        raise NotProven(f"earlier checkpoint: it is of another log, {shown(earlier.origin)}")
    if earlier.size > now.size:
        raise NotProven(f"position {now.size}: the log has {now.size} entries, and had {earlier.size} when last seen")
    if reached is None:
        raise NotProven(f"position {earlier.size}: it is not in the range, so that nothing shows what came before")
    if reached != earlier.root:
        first = _first_difference(path, source) if path.is_dir() else None
        where = f"positions 0 to {earlier.size - 1}" if first is None else f"position {first}"
        raise NotProven(f"{where}: the log has another history than the earlier checkpoint signed")


def _first_difference(path: Path, source: Source) -> int | None:
    old = _source(path)
    start = max(old.start, source.start)
    leaves = [islice(some.leaves(), start - some.start, None) for some in (old, source)]
    pairs = zip(*leaves, strict=False)
    return next((position for position, (was, now) in enumerate(pairs, start) if was != now), None)


def _transfers(source: Source, report: Report) -> None:
    """Where the transfers are here: those of each event lead to the root in the event."""
    names = source.names("transfers")
    if not names:
        return
    entries, total, events = source.lines(source.names("entries")), 0, 0
    for position, group in groupby(source.lines(names, _TRANSFER), key=lambda line: line[0]):
        where = f"position {position}"
        body = next((body for at, _, body in entries if at == position), None)
        if body is None:
            raise NotProven(f"{where}: its transfers are here, and no such event, or out of order")
        root, count = transfers_root(parse_body(body, where), where)
        grown = Range().extend(_transfer_hashes(group, where))
        if (grown.root(), grown.size) != (root, count):
            raise NotProven(f"{where}: the {grown.size} transfers are not the {count} that the event tells of")
        total, events = total + count, events + 1
    report.add("transfers", f"{total} of {events} events lead to the roots in their events")


def _transfer_hashes(group: Iterable[Line], where: str) -> Iterator[bytes]:
    for at, (_, index, leaf) in enumerate(group):
        if index != at:
            raise NotProven(f"{where}: transfer {at} is missing")
        yield leaf_hash(decode64(leaf.decode(), where))


# Files. An archive is read by our own few lines: plain files with the names of an export, and nothing else.


def read_text(path: Path) -> str:
    """A file of at most 64 MiB."""
    with path.open("rb") as file:
        data = file.read((1 << 26) + 1)
    if len(data) > 1 << 26:
        raise Unreadable(f"{path.name} is longer than 64 MiB")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotProven(f"{path.name}: it is not UTF-8") from error


@contextmanager
def opened(path: Path, limit: int) -> Iterator[Path]:
    """The directory, or one into which the archive has been unpacked, for a while."""
    if path.is_dir():
        yield path
        return
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            raise Unreadable(f"{path.name} is neither a directory nor a .tar.gz")
    with tempfile.TemporaryDirectory(prefix="qenex-verify-") as directory:
        try:
            with gzip.open(path, "rb") as archive:
                unpack(archive, Path(directory), limit)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise NotProven(f"{path.name}: the archive is damaged: {error}") from error
        yield Path(directory)


def unpack(archive: Any, into: Path, limit: int) -> None:
    """Unpacks a ustar archive. Refuses links, directories, names of no export, names that come twice, and too much."""
    total = 0
    while (head := archive.read(512)) != bytes(512):
        name, size = _member(head)
        total += size + 512
        if total > limit:
            raise NotProven(f"{name}: the archive would unpack to more than {limit} bytes (--limit)")
        if (into / name).exists():
            raise NotProven(f"{name}: it is in the archive twice")
        with (into / name).open("xb") as file:
            _copy(archive, file, size, name)
        if archive.read(-size % 512).strip(b"\0"):
            raise NotProven(f"{name}: there is something between it and the next file")
    while some := archive.read(1 << 16):
        total += len(some)
        if some.strip(b"\0") or total > limit + (1 << 20):
            raise NotProven("the archive goes on after its end")


def _member(head: bytes) -> tuple[str, int]:
    name, kind = head[:100].rstrip(b"\0").decode("ascii", "replace"), head[156:157]
    field = head[148:156].rstrip(b"\0 ")
    summed = sum(head) - sum(head[148:156]) + 8 * 32
    if len(head) < 512 or not re.fullmatch(rb"[0-7]{1,8}", field) or int(field, 8) != summed:
        raise NotProven("the archive is damaged: the head of a file is no head")
    if kind not in (b"0", b"\0"):
        raise NotProven(f"{shown(name)}: the archive may hold plain files only, no links and no directories")
    if not _FILE.fullmatch(name) or head[345:500].strip(b"\0"):
        raise NotProven(f"{shown(name)}: an export has no such file")
    if not re.fullmatch(rb"[0-7]{11}[ \0]", head[124:136]):
        raise NotProven(f"{name}: it has no size that can be")
    return name, int(head[124:135], 8)


def _copy(archive: Any, file: BinaryIO, size: int, name: str) -> None:
    while size:
        some = archive.read(min(size, 1 << 20))
        if not some:
            raise NotProven(f"{name}: the archive ends within it")
        size -= file.write(some)


# The command line.


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments. Raises SystemExit(2) on a mistake and Unreadable on what is no key."""
    parser = argparse.ArgumentParser(prog="qenex_verify.py", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "receipt": "a receipt of a transfer or an event",
        "log": "a directory: an export, or a mirror of checkpoint, tiles and entries",
        "export": "an export: a .tar.gz or a directory",
    }
    for name, what in helps.items():
        command = commands.add_parser(name, help=what)
        command.add_argument("file", type=Path, help=what)
        command.add_argument("--key", action="append", default=[], metavar="VKEY", required=name == "receipt")
        command.add_argument("--witness", action="append", default=[], metavar="VKEY")
        command.add_argument("--quorum", type=int, metavar="K", help="how many witnesses must have cosigned; else all")
        command.add_argument("--origin", help="the log's origin, where it is not the name of the key")
        command.add_argument("--json", action="store_true", help="print an object instead of lines")
        if name != "receipt":
            command.add_argument("--since", type=Path, metavar="CHECKPOINT", help="a checkpoint seen earlier")
            command.add_argument("--limit", type=int, default=1 << 36, help="unpack at most so many bytes")
    args = parser.parse_args(argv[1:] if argv[:1] == ["verify"] else argv)
    args.keys = [parse_key(each, ED25519) for each in args.key]
    witnesses = [parse_key(each, COSIGNATURE) for each in args.witness]
    # One key under two names is one witness.
    args.witnesses = list({key.public: key for key in witnesses}.values())
    args.quorum = len(args.witnesses) if args.quorum is None else args.quorum
    if not 0 <= args.quorum <= len(args.witnesses):
        raise Unreadable(f"--quorum {args.quorum} cannot be of {len(args.witnesses)} witnesses")
    return args


def main(argv: Sequence[str]) -> int:
    """Runs a command and returns the exit code."""
    report, code, error = Report(), 0, ""
    run: dict[str, Callable[[argparse.Namespace, Report], None]]
    run = {"receipt": verify_receipt, "log": verify_log, "export": verify_log}
    try:
        args = arguments(argv)
        run[args.command](args, report)
    except NotProven as why:
        code, error = 1, f"not proven: {why}"
    except (Unreadable, OSError, UnicodeError) as why:
        code, error = 2, f"cannot read: {shown(why)}"
    except RecursionError:
        code, error = 1, "not proven: the JSON of an event is nested too deeply"
    if "--json" in argv:
        found = {"proven": not code, "what": report.what or None, "error": error or None, **report.object()}
        print(json.dumps(found))
    else:
        print(error or f"proven: {shown(report.what)}\n{report.text()}", end="\n" if error else "")
    return code


if __name__ == "__main__":
    # What a terminal cannot show is escaped, and no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream
    sys.exit(main(sys.argv[1:]))
