"""A receipt: all that somebody without access needs, beside a key, to see that an event or a transfer was recorded.

    qenex/receipt@v1
    transfer 3 10                        the fourth of ten transfers of the event
    <base64: the transfer's leaf>
    <base64: a hash>                     as many as the proof in the event's tree has
    <the section block, once there is one>
                                         an empty line
    c2sp.org/tlog-proof@v1               from here on a C2SP tlog-proof, which other programs read too
    extra <base64: the event's leaf>
    index 73894
    <base64: a hash>                     as many as the proof in the log's tree has
                                         an empty line
    <the checkpoint, a signed note>

The receipt of an event has no section of a transfer. One other section is kept and proves nothing yet: `block`, with a
head `block <one argument or more>` and lines of base64, for the certificate of a block in which the checkpoint is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from compliance.trail import checkpoint, note, text
from compliance.trail.entry import EntryInvalid, parse_event_leaf
from compliance.trail.merkle import HASH_SIZE

FORMAT = "qenex/receipt@v1"
PROOF_FORMAT = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 64
_SECTIONS = {"transfer", "block"}


class ReceiptInvalid(ValueError):
    """The text is no receipt, or the values make none."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An event's leaf, its place and proof, the checkpoint; and a transfer's leaf, place and proof within the event."""

    event_leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint_note: str
    transfer_leaf: bytes | None = None
    transfer_index: int = 0
    transfer_count: int = 0
    transfer_proof: tuple[bytes, ...] = ()
    sections: tuple[text.Section, ...] = ()

    def encode(self) -> str:
        """The file's text. Raises ReceiptInvalid where these values make no receipt."""
        sections = list(self.sections)
        if self.transfer_leaf is not None:
            place = str(self.transfer_index), str(self.transfer_count)
            sections.insert(0, text.Section("transfer", place, (self.transfer_leaf, *self.transfer_proof)))
        written = f"{FORMAT}\n{''.join(section.text for section in sections)}\n{self.tlog_proof()}"
        if parse(written) != self:
            raise ReceiptInvalid("these values make no receipt")
        return written

    def tlog_proof(self) -> str:
        """The event's part alone: a C2SP tlog-proof."""
        lines = PROOF_FORMAT, f"extra {text.encode64(self.event_leaf)}", f"index {self.index}"
        return "".join(f"{line}\n" for line in (*lines, *map(text.encode64, self.proof), "")) + self.checkpoint_note


def parse(receipt: str) -> Receipt:
    """The receipt of a text. Raises ReceiptInvalid; verifies nothing."""
    try:
        return _parse(receipt)
    except (text.TextInvalid, note.NoteInvalid, checkpoint.CheckpointInvalid, EntryInvalid) as error:
        raise ReceiptInvalid(str(error)) from error


def _parse(receipt: str) -> Receipt:
    head, _, proof = receipt.partition("\n\n")
    format, *lines = head.split("\n")
    if format != FORMAT:
        raise ReceiptInvalid(f"a receipt begins with the line {FORMAT}")
    sections = text.sections(lines)
    if unknown := {section.name for section in sections} - _SECTIONS:
        raise ReceiptInvalid(f"a receipt has no section {unknown.pop()}")
    transfers = [section for section in sections if section.name == "transfer"]
    others = tuple(section for section in sections if section.name != "transfer")
    leaf, index, hashes, signed = _tlog_proof(proof)
    if not transfers:
        return Receipt(leaf, index, hashes, signed, sections=others)
    at, count = transfers[0].numbers(2)
    if not transfers[0].lines:
        raise ReceiptInvalid("the transfer's leaf is missing")
    transfer, *path = transfers[0].lines
    return Receipt(leaf, index, hashes, signed, transfer, at, count, _proof(path), others)


def _tlog_proof(proof: str) -> tuple[bytes, int, tuple[bytes, ...], str]:
    head, _, signed = proof.partition("\n\n")
    format, *lines = head.split("\n")
    if format != PROOF_FORMAT or len(lines) < 2 or [line.partition(" ")[0] for line in lines[:2]] != ["extra", "index"]:
        raise ReceiptInvalid(f"the proof begins with the lines {PROOF_FORMAT}, extra and index")
    leaf, index = text.decode64(lines[0].partition(" ")[2]), text.number(lines[1].partition(" ")[2])
    parse_event_leaf(leaf)
    checkpoint.parse(note.parse(signed).text)
    return leaf, index, _proof(map(text.decode64, lines[2:])), signed


def _proof(hashes: Iterable[bytes]) -> tuple[bytes, ...]:
    proof = tuple(hashes)
    if len(proof) > MAX_PROOF or any(len(each) != HASH_SIZE for each in proof):
        raise ReceiptInvalid(f"a proof is at most {MAX_PROOF} hashes of {HASH_SIZE} bytes")
    return proof
