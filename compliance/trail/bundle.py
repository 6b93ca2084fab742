"""An export: a range of the log in files that prove themselves against a signed checkpoint.

A directory, or a .tar.gz of plain files without directories (ustar; `header`, the bytes, `padding`, at the end `END`):

    checkpoint                  the signed note
    vkeys                       the keys of log and witnesses, a line each; a convenience that proves nothing
    range                       how the range hangs in the tree: `RangeProof`
    entries-<position>.jsonl    events, one line each: `entry_line`; the name tells the first line's position
    hashes-<position>.bin       the leaf hashes as they were sealed, 32 bytes each: they tell which line differs
    transfers-<position>.jsonl  optional: the leaves of transfers, one line each: `transfer_line`
    manifest.json               every other file with its size and SHA-256: `Manifest`

Nothing here reads or writes: the functions turn values into the bytes of files and back.
"""

import json
import re
from tarfile import USTAR_FORMAT, TarInfo
from typing import Any, NamedTuple

from compliance.trail import merkle, text

FORMAT = "qenex/export@v1"
RANGE_FORMAT = "qenex/range@v1"
ENTRIES_PER_FILE = 1 << 16
MAX_PROOF = 64
END = bytes(1024)
"""What ends a tar archive."""

_NAME = re.compile(r"(?:entries|transfers)-[0-9]{19}\.jsonl|hashes-[0-9]{19}\.bin|checkpoint|vkeys|range")
_ENTRY = re.compile(rb'\{"position":(0|[1-9][0-9]{0,18}),"transaction":(0|[1-9][0-9]{0,19}),"event":([^\n]+)\}\n')
_TRANSFER = re.compile(rb'\{"position":(0|[1-9][0-9]{0,18}),"index":(0|[1-9][0-9]{0,9}),"leaf":"([A-Za-z0-9+/=]+)"\}\n')


class BundleInvalid(ValueError):
    """A file of an export has another form, or the values have no place in one."""


class Entry(NamedTuple):
    """An event in its place."""

    position: int
    transaction: int
    body: bytes


class TransferLine(NamedTuple):
    """The leaf of a transfer, in its place within the event at the position."""

    position: int
    index: int  # type: ignore[assignment]  # its place, and no search in the tuple
    leaf: bytes


def name(kind: str, position: int) -> str:
    """The file of `entries`, `hashes` or `transfers` whose first event is at the position."""
    return f"{kind}-{position:019d}.{'bin' if kind == 'hashes' else 'jsonl'}"


def entry_line(entry: Entry) -> bytes:
    """A line of JSON in which the event's stored bytes stand as they are. Raises BundleInvalid where they cannot."""
    line = b'{"position":%d,"transaction":%d,"event":%b}\n' % entry
    if parse_entry_line(line) != entry:
        raise BundleInvalid(f"the event at {entry.position} does not fit into a line")
    return line


def parse_entry_line(line: bytes) -> Entry:
    """The event of a line. Raises BundleInvalid."""
    if found := _ENTRY.fullmatch(line):
        return Entry(int(found[1]), int(found[2]), found[3])
    raise BundleInvalid("this is no line of an event")


def transfer_line(transfer: TransferLine) -> bytes:
    """A line of JSON with the leaf in base64."""
    leaf = text.encode64(transfer.leaf).encode()
    return b'{"position":%d,"index":%d,"leaf":"%b"}\n' % (transfer.position, transfer.index, leaf)


def parse_transfer_line(line: bytes) -> TransferLine:
    """The transfer of a line. Raises BundleInvalid."""
    try:
        if found := _TRANSFER.fullmatch(line):
            return TransferLine(int(found[1]), int(found[2]), text.decode64(found[3].decode()))
    except text.TextInvalid as error:
        raise BundleInvalid(str(error)) from error
    raise BundleInvalid("this is no line of a transfer")


class RangeProof(NamedTuple):
    """That entries from `start` on, and before `end`, are those of the log of `size` entries.

    `left` are the roots of the full subtrees of the first `start` leaves (merkle.CompactRange). With the entries they
    give the root at `end`; `right` is the consistency proof (RFC 6962, section 2.1.2) from there to `size`.
    """

    start: int
    end: int
    size: int
    left: tuple[bytes, ...] = ()
    right: tuple[bytes, ...] = ()

    def encode(self) -> str:
        """The file's text. Raises BundleInvalid where these values make none."""
        left = text.Section("left", (str(self.start),), self.left)
        right = text.Section("right", (str(self.end), str(self.size)), self.right)
        written = f"{RANGE_FORMAT}\n{left.text}{right.text}"
        if parse_range(written) != self:
            raise BundleInvalid("these values make no range")
        return written

    def verify(self, entries: merkle.CompactRange, root: bytes) -> bool:
        """Whether the root is that of the log, where `entries` grew from `left` by the hashes of the range."""
        if entries.size != self.end:
            return False
        if self.end == self.size:
            return entries.root() == root and not self.right
        return merkle.verify_consistency(self.end, self.size, entries.root(), root, self.right)


def parse_range(written: str) -> RangeProof:
    """The range of a file's text. Raises BundleInvalid."""
    try:
        format, *lines = written.removesuffix("\n").split("\n")
        left, right = text.sections(lines)
        [start], [end, size] = left.numbers(1), right.numbers(2)
        if format != RANGE_FORMAT or (left.name, right.name) != ("left", "right") or not start <= end <= size:
            raise BundleInvalid(f"a range is the line {RANGE_FORMAT}, left and right")
        merkle.CompactRange(start, left.lines)
    except ValueError as error:
        raise BundleInvalid(str(error)) from error
    if len(right.lines) > MAX_PROOF or not written.endswith("\n"):
        raise BundleInvalid("a range has a shorter proof and ends in a newline")
    return RangeProof(start, end, size, left.lines, right.lines)


class File(NamedTuple):
    """A file of an export: its name, its length in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


class Manifest(NamedTuple):
    """What an export holds."""

    origin: str
    start: int
    end: int
    size: int
    files: tuple[File, ...]

    def encode(self) -> bytes:
        """The file's JSON, with the files in the order of their names. Raises BundleInvalid on a name of another."""
        if unknown := [each.name for each in self.files if not _NAME.fullmatch(each.name)]:
            raise BundleInvalid(f"an export has no file {unknown[0]!r}")
        files: list[dict[str, Any]] = [each._asdict() for each in sorted(self.files)]
        whole = {"format": FORMAT, **self._asdict(), "files": files}
        return json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"


def header(name: str, size: int) -> bytes:
    """What goes before a file's bytes in the archive: the same for the same file, whoever writes it and when.

    Raises ValueError where the size has more than 8 GiB.
    """
    info = TarInfo(name)
    info.size, info.mode = size, 0o444
    return info.tobuf(USTAR_FORMAT)


def padding(size: int) -> bytes:
    """What goes after so many bytes of a file in the archive."""
    return bytes(-size % 512)
