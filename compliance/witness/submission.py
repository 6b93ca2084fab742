"""The body of `add-checkpoint`: the size that a proof starts from, the proof, and the checkpoint."""

from typing import NamedTuple

from compliance.trail import checkpoint, note
from compliance.trail.checkpoint import Checkpoint, CheckpointInvalid
from compliance.trail.merkle import HASH_SIZE
from compliance.trail.note import Note, NoteInvalid
from compliance.trail.text import TextInvalid, decode64, encode64, number
from compliance.witness.errors import malformed

PROOF_MAX = 63
"""Hashes of a proof: no tree of 64 bits needs more."""
BODY_MAX = 64 * 1024
"""Bytes: the longest proof has 2,835, and the rest is a note."""


class Submission(NamedTuple):
    """A log asks for a cosignature."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def encode(old_size: int, proof: tuple[bytes, ...], signed: str) -> str:
    """The body that asks for a cosignature of a signed checkpoint."""
    return "".join(f"{line}\n" for line in (f"old {old_size}", *map(encode64, proof), "")) + signed


def parse(body: bytes) -> Submission:
    """What a body says; nothing is verified. Raises Refused (400)."""
    head, blank, signed = body.partition(b"\n\n")
    if not blank:
        raise malformed("there is no empty line before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        old_size, proof = _old_size(first), _proof(lines)
        signed_note = note.parse(signed)
        return Submission(old_size, proof, signed_note, checkpoint.parse(signed_note.text))
    except (TextInvalid, NoteInvalid, CheckpointInvalid, UnicodeDecodeError) as problem:
        raise malformed("not ASCII" if isinstance(problem, UnicodeDecodeError) else str(problem)) from None


def _old_size(line: str) -> int:
    word, _, size = line.partition(" ")
    if word != "old":
        raise malformed("the first line is `old` and a size")
    return number(size)


def _proof(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > PROOF_MAX:
        raise malformed(f"a proof has at most {PROOF_MAX} hashes")
    proof = tuple(map(decode64, lines))
    if any(len(each) != HASH_SIZE for each in proof):
        raise malformed(f"a line of a proof is base64 of {HASH_SIZE} bytes")
    return proof
