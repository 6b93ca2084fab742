"""The one thing that a witness does: look, remember, and only then sign."""

from contextlib import suppress
from pathlib import Path

from compliance.trail import checkpoint, note
from compliance.trail.merkle import EMPTY, verify_consistency
from compliance.witness import durable, submission
from compliance.witness.errors import WitnessError, conflict, inconsistent, malformed, unknown_origin, unsigned
from compliance.witness.keys import Key
from compliance.witness.logs import Logs
from compliance.witness.states import State, States, name_of
from compliance.witness.submission import Submission


class Cosigner:
    """A witness over its directory; any number of them may share one, in any number of threads and processes."""

    def __init__(self, folder: Path, key: Key, logs: Logs, beside: Path | None = None) -> None:
        self.key, self.logs = key, logs
        self._public = folder / "public"
        self.states = States(key, beside or folder / "beside", folder / "state")

    def add_checkpoint(self, body: bytes) -> str:
        """The line of cosignature under a checkpoint that goes on from the last one.

        Raises Refused where it does not, StateRefused where the witness does not trust its own memory, and OSError
        where nothing can be remembered, and so nothing be said.
        """
        asked = submission.parse(body)
        self._check_signature(asked)
        if asked.old_size > asked.checkpoint.size:
            raise malformed("the old size is larger than that of the checkpoint")
        with self.states.locked(asked.checkpoint.origin) as slot:
            last = slot.read()
            check_growth(last, asked)
            if not last.serial or last.size != asked.checkpoint.size:
                slot.write(last.next(asked.checkpoint.size, asked.checkpoint.root))
            line = self.key.cosign(asked.note.text)
            self._show(asked, line)
        return line

    def checkpoint(self, name: str) -> bytes | None:
        """The newest cosigned checkpoint of a log, by the hash of its origin; none where there is none."""
        with suppress(OSError, ValueError):
            return (self._public / name / "checkpoint").read_bytes()
        return None

    def adopt(self, signed: str) -> State:
        """Takes a checkpoint that this key has cosigned for its state. Raises WitnessError where it must not be."""
        try:
            found = checkpoint.parse(note.parse(signed).text)
        except (note.NoteInvalid, checkpoint.CheckpointInvalid) as problem:
            raise WitnessError(f"this is no checkpoint: {problem}") from None
        if not any(note.verify(signed, vkey) for vkey in self.logs.keys(found.origin)):
            raise WitnessError(f"no key of {found.origin} that this witness knows has signed it")
        if note.verify_cosignature(signed, self.key.vkey) is None:
            raise WitnessError(f"{self.key.name} has not cosigned it")
        with self.states.locked(found.origin) as slot:
            known = slot.readable()
            if any(each.size > found.size or (each.size == found.size and each.root != found.root) for each in known):
                raise WitnessError("this witness remembers a larger or another tree than that; find a newer checkpoint")
            state = State(found.origin, found.size, found.root, max([0, *(each.serial for each in known)]) + 1)
            slot.write(state)
        return state

    def _check_signature(self, asked: Submission) -> None:
        vkeys = self.logs.keys(asked.checkpoint.origin)
        if not vkeys:
            raise unknown_origin()
        found = [vkey for vkey in vkeys if asked.note.by(note.parse_vkey(vkey))]
        if not found:
            raise unsigned("no key of that log has signed the checkpoint")
        text = asked.note.encode()
        if not all(note.verify(text, vkey) for vkey in found):
            raise unsigned("the signature of the checkpoint does not hold")

    def _show(self, asked: Submission, line: str) -> None:
        own = [
            each for vkey in self.logs.keys(asked.checkpoint.origin) for each in asked.note.by(note.parse_vkey(vkey))
        ]
        folder = self._public / name_of(asked.checkpoint.origin)
        folder.mkdir(parents=True, exist_ok=True)
        shown = note.encode(asked.note.text, [*(each.line for each in own), line])
        durable.write(folder / "checkpoint", shown.encode(), mode=0o644)


def check_growth(last: State, asked: Submission) -> None:
    """The checkpoint's tree holds the last one, as RFC 6962 proves it. Raises Refused (409 and 422)."""
    made = asked.checkpoint
    if asked.old_size != last.size:
        raise conflict(last.size)
    if not made.size and made.root != EMPTY:
        raise inconsistent("the root is not that of an empty tree")
    if not last.size:
        if asked.proof:
            raise inconsistent("nothing is to be proven of an empty tree")
    elif not verify_consistency(last.size, made.size, last.root, made.root, asked.proof):
        raise inconsistent("the consistency proof does not hold")
