"""Gathering cosignatures from all witnesses at once, and how many of them a checkpoint waits for."""

import logging
import threading
import time
from collections.abc import Sequence

from django.conf import settings
from django.db import Error, connections

from compliance.alarms import alarm_raise
from compliance.models import Checkpoint, Cosignature, Source
from compliance.sealing.cosignatures import kept
from compliance.sealing.cosigning import metrics
from compliance.sealing.cosigning.asking import Asker
from compliance.sealing.cosigning.witnesses import Contradicted, Entry, Unavailable, parse
from compliance.sealing.errors import Uncosigned
from compliance.sealing.publishing import Cosigned, Signed
from qenex.kernel.context import Context, acting
from qenex.kernel.transactions import Busy

PUBLISHED_SECONDS, LOOK_SECONDS = 5.0, 0.05
"""How long a cosignature that came late waits for its checkpoint to be published, and how often it looks."""

logger = logging.getLogger(__name__)


class Round:
    """What the witnesses have answered for one checkpoint."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.lines: list[Cosigned] = []
        self.failures: dict[str, str] = {}


class Gatherer:
    """Shows a checkpoint to every witness (`publishing.Cosign`), and waits for so many of them.

    Each witness has a thread, which shows it the newest checkpoint that there is: one that is slow misses some, and
    holds nobody up. What comes when nobody waits any more is kept too, once the checkpoint is published.
    """

    def __init__(self, entries: Sequence[Entry], quorum: int, seconds: float) -> None:
        self._quorum, self._seconds = quorum, seconds
        self._answered = threading.Condition()
        self._round: Round | None = None
        self._desks = [Desk(self, Asker(entry, entry.open(seconds))) for entry in entries]

    def __call__(self, signed: Signed) -> Sequence[Cosigned]:
        """The cosignatures of a quorum. Raises Uncosigned."""
        with self._answered:
            self._round = Round(signed.size) if self._quorum else None
            for desk in self._desks:
                desk.show(signed)
            if self._round is None:
                return ()
            present = self._round
            self._answered.wait_for(lambda: self._decided(present), self._seconds)
            self._round = None
        if len(present.lines) < self._quorum:
            raise Uncosigned(self._why(present))
        return present.lines

    def answer(self, signed: Signed, name: str, line: str | None, why: str = "") -> bool:
        """Takes a witness's line, or why there is none; whether somebody still waited for it."""
        with self._answered:
            if self._round is None or self._round.size != signed.size:
                return False
            if line is None:
                self._round.failures[name] = why
            else:
                self._round.lines.append(Cosigned(name, line))
            self._answered.notify_all()
            return True

    def close(self) -> None:
        """Waits, not for ever, until what was shown is answered and kept, and lets the threads end."""
        for desk in self._desks:
            desk.close(self._seconds)

    def _decided(self, present: Round) -> bool:
        """Not as soon as there can be no quorum any more: what the others say is worth knowing."""
        answered = len(present.lines) + len(present.failures)
        return len(present.lines) >= self._quorum or answered == len(self._desks)

    def _why(self, present: Round) -> str:
        has = {each.witness for each in present.lines}
        late = [desk.name for desk in self._desks if desk.name not in has | set(present.failures)]
        said = [f"{name}: {why}" for name, why in present.failures.items()] + [f"{name}: no answer" for name in late]
        return f"{len(has)} of {self._quorum} cosignatures ({'; '.join(said)})"


class Desk:
    """A witness's thread, and the newest checkpoint that it is to be shown."""

    def __init__(self, gatherer: Gatherer, asker: Asker) -> None:
        self.name = asker.name
        self._gatherer, self._asker = gatherer, asker
        self._next: Signed | None = None
        self._wanted = threading.Condition()
        self._stopped = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=f"witness {self.name}", daemon=True)
        self._thread.start()

    def show(self, signed: Signed) -> None:
        """Asks for a cosignature as soon as may be."""
        with self._wanted:
            self._next = signed
            self._wanted.notify_all()

    def close(self, seconds: float) -> None:
        """Lets the thread end when it has nothing left, and waits so long for that."""
        with self._wanted:
            self._stopped = True
            self._wanted.notify_all()
        self._thread.join(seconds)

    def _run(self) -> None:
        with acting(Context(actor="seal", method="command")):
            while (signed := self._take()) is not None:
                try:
                    self._ask(signed)
                finally:
                    connections.close_all()
        self._asker.close()

    def _take(self) -> Signed | None:
        with self._wanted:
            self._wanted.wait_for(lambda: self._next is not None or self._stopped)
            signed, self._next = self._next, None
            return signed

    def _ask(self, signed: Signed) -> None:
        try:
            line = self._asker.ask(signed)
        except Contradicted as contradiction:
            self._fail(signed, "contradicted", f"it contradicts us: {contradiction}", logging.CRITICAL)
            self._alarm(signed, str(contradiction))
        except Unavailable as problem:
            self._fail(signed, "unavailable", str(problem))
        except (Error, LookupError, ValueError) as problem:
            self._fail(signed, "proof", f"no proof can be read for it ({type(problem).__name__})")
        else:
            self._succeed(signed, line)

    def _succeed(self, signed: Signed, line: str) -> None:
        metrics.COSIGNATURES.labels(self.name).inc()
        metrics.COSIGNED_AT.labels(self.name).set(time.time())
        metrics.CONTRADICTED.labels(self.name).set(0)
        if self._trouble:
            logger.warning("the witness %s cosigns again", self.name)
            self._trouble = ""
        if not self._gatherer.answer(signed, self.name, line):
            self._keep(signed, line)

    def _fail(self, signed: Signed, kind: str, why: str, level: int = logging.WARNING) -> None:
        metrics.FAILURES.labels(self.name, kind).inc()
        if why != self._trouble:
            logger.log(level, "the witness %s does not cosign: %s", self.name, why)
            self._trouble = why
        self._gatherer.answer(signed, self.name, None, why)

    def _alarm(self, signed: Signed, detail: str) -> None:
        """Raises the alarm of this witness, once until two people have closed it."""
        metrics.CONTRADICTED.labels(self.name).set(1)
        shown = f"It was shown {signed.size} entries with the root {signed.root.hex()}: {detail}"
        try:
            alarm_raise(source=Source.WITNESS, code=f"contradicted by {self.name}", detail=shown)
        except (Error, Busy) as problem:
            logger.error("the alarm of the witness %s could not be recorded: %s", self.name, type(problem).__name__)

    def _keep(self, signed: Signed, line: str) -> None:
        """Keeps a line that nobody waited for, if its checkpoint is published."""
        end = time.monotonic() + PUBLISHED_SECONDS
        try:
            while not Checkpoint.objects.filter(pk=signed.size).exists():
                connections.close_all()
                if time.monotonic() > end:
                    return
                time.sleep(LOOK_SECONDS)
            Cosignature.objects.bulk_create([kept(signed.size, self.name, line)], ignore_conflicts=True)
        except Error as problem:
            logger.warning("a cosignature of %s was not kept: %s", self.name, type(problem).__name__)


def from_settings() -> Gatherer:
    """The witnesses of the settings. Raises EntryInvalid."""
    return Gatherer(parse(settings.WITNESSES), settings.WITNESS_QUORUM, settings.WITNESS_SECONDS)
