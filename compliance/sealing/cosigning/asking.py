"""Asking one witness for one checkpoint: the proof that it needs, and what counts of its answer."""

import logging
import time
from functools import partial

from compliance.models import Cosignature
from compliance.sealing import reading
from compliance.sealing.cosigning.witnesses import Behind, Contradicted, Entry, Unavailable, Witness
from compliance.sealing.publishing import Signed
from compliance.trail import note, tiles

ATTEMPTS = 3
AHEAD_SECONDS = 600
"""How far a witness's clock may be ahead of ours."""

logger = logging.getLogger(__name__)


class Asker:
    """One witness, and what is known of it."""

    def __init__(self, entry: Entry, witness: Witness) -> None:
        self.name, self._vkey, self._key = entry.name, entry.vkey, entry.key
        self._witness = witness
        self._confirmed: int | None = None

    def ask(self, signed: Signed) -> str:
        """Its line of cosignature. Raises Contradicted, Unavailable and the errors of the database."""
        old = min(self._known(), signed.size)
        for _ in range(ATTEMPTS):
            proof = _proof(old, signed.size)
            try:
                lines = self._witness.cosign(signed.note, old, proof)
            except Behind as behind:
                old = self._usable(behind.size, signed)
                continue
            line = self._counted(signed, lines)
            self._confirmed = signed.size
            return line
        raise Unavailable("it names another size each time")

    def close(self) -> None:
        """Ends its connection."""
        self._witness.close()

    def _known(self) -> int:
        """The size that it has cosigned last, as far as we know."""
        if self._confirmed is None:
            rows = Cosignature.objects.using("default").filter(witness=self.name).order_by("-size")
            self._confirmed = rows.values_list("size", flat=True).first() or 0
        return self._confirmed

    def _usable(self, size: int, signed: Signed) -> int:
        """The size from which it can be asked again. Raises Contradicted and Unavailable."""
        if size < self._known():
            logger.warning(
                "the witness %s has forgotten: it confirmed %d entries, and now %d", self.name, self._known(), size
            )
        if size <= signed.size:
            return size
        sealed = reading.size_sealed(using="default")
        if size > sealed:
            raise Contradicted(f"it has cosigned {size:,} entries of this log, and there are {sealed:,}")
        raise Unavailable(f"it has cosigned {size:,} entries already")

    def _counted(self, signed: Signed, lines: str) -> str:
        """The one line of the answer that is its cosignature. Raises Unavailable."""
        text = note.parse(signed.note).text
        try:
            answered = note.parse(f"{text}\n{lines}")
        except note.NoteInvalid as problem:
            raise Unavailable(f"its answer is no line of signature: {problem}") from None
        at = note.verify_cosignature(answered, self._vkey)
        if at is None:
            raise Unavailable("its answer has no cosignature that holds")
        if not 0 < at < time.time() + AHEAD_SECONDS:
            raise Unavailable("its clock is ahead of ours, or stands still")
        return answered.by(self._key)[0].line


def _proof(old: int, size: int) -> list[bytes]:
    # Of what is committed and perhaps not on the reader yet.
    return tiles.consistency_proof(old, size, partial(reading.fetch, using="default")) if 0 < old < size else []
