"""Sealing until it is told to stop: how often, and what is said when it cannot be done."""

import logging
import threading
import time

from django.conf import settings
from django.db import Error, connection

from compliance.alarms import alarm_write
from compliance.models import Source
from compliance.sealing import figures, metrics
from compliance.sealing.errors import Reason, Refused, Uncosigned
from compliance.sealing.holders import Watch
from compliance.sealing.sealer import ELSEWHERE_SECONDS, Found, Sealer
from compliance.sealing.turns import look
from qenex.kernel import events, transactions
from qenex.vault.errors import VaultError

BUSY_SECONDS, IDLE_SECONDS, WAITING_SECONDS = 0.05, 0.2, 0.1
"""Between two looks at the log: while there is work, after a while without any, and beside another sealer."""
REFUSED_SECONDS, TROUBLE_SECONDS, FIGURES_SECONDS = 2.0, 0.5, 1.0

logger = logging.getLogger(__name__)


class Daemon:
    """Runs a sealer. It goes on whatever happens: what it refuses is an alarm, and may be mended meanwhile."""

    def __init__(self, sealer: Sealer, stop: threading.Event) -> None:
        self._sealer, self._stop, self._watch = sealer, stop, Watch()
        self._refused: Reason | None = None
        self._trouble = ""
        self._shown_at = -FIGURES_SECONDS
        self._idle = BUSY_SECONDS

    def run(self) -> None:
        """Seals and signs until `stop` is set."""
        metrics.refused(None)
        while not self._stop.is_set():
            seconds = self.once()
            self._stop.wait(seconds)

    def once(self) -> float:
        """One step; how many seconds to wait for the next one."""
        try:
            published = self._sealer.published
            seconds = self._pause(self._sealer.step())
            metrics.CHECKPOINTS.inc(self._sealer.published - published)
            self._calm()
            self._show()
        except Refused as refusal:
            seconds = self._refuse(refusal)
        except Uncosigned as problem:
            seconds = self._complain(str(problem))
        except (Error, VaultError, OSError) as problem:
            seconds = self._complain(f"{type(problem).__name__}: {str(problem).strip().partition(chr(10))[0]}")
            connection.close()
        return seconds

    def _pause(self, found: Found) -> float:
        if found is Found.MORE:
            return 0.0
        if found is Found.ELSEWHERE:
            return ELSEWHERE_SECONDS if self._sealer.head else WAITING_SECONDS
        self._idle = BUSY_SECONDS if found is Found.SOME or self._sealer.unsigned else min(IDLE_SECONDS, 2 * self._idle)
        return self._idle

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._shown_at < FIGURES_SECONDS:
            return
        self._shown_at = now
        with look() as present:
            found = figures.look(present)
            self._watch.look(present, found)
        metrics.show(found)

    def _refuse(self, refusal: Refused) -> float:
        if refusal.reason is not self._refused:
            self._refused = refusal.reason
            metrics.REFUSALS.labels(refusal.reason.value).inc()
            metrics.refused(refusal.reason)
            logger.error("nothing is sealed or signed: %s", refusal)
            self._record(refusal)
        self._try_to_show()
        return REFUSED_SECONDS

    def _record(self, refusal: Refused) -> None:
        try:
            refusal_record(refusal)
        except (Error, transactions.Busy) as problem:
            logger.error("the refusal could not be recorded: %s", type(problem).__name__)
            connection.close()

    def _try_to_show(self) -> None:
        try:
            self._show()
        except Error:
            connection.close()

    def _complain(self, problem: str) -> float:
        if problem != self._trouble:
            logger.warning("sealing waits: %s", problem)
            self._trouble = problem
        return TROUBLE_SECONDS

    def _calm(self) -> None:
        if self._refused is not None:
            logger.warning("sealing goes on: %s is over", self._refused)
            metrics.refused(None)
        if self._trouble:
            logger.info("sealing goes on")
        self._refused, self._trouble = None, ""


def refusal_record(refusal: Refused) -> None:
    """Writes down that the sealer does not go on, and raises an alarm. Raises Busy and the database's errors."""

    def work() -> None:
        events.emit(
            "compliance.trail.refused",
            subject_type="trail",
            subject_id=settings.TRAIL_ORIGIN[:64],
            data={"refused": refusal.reason.value, "detail": refusal.detail},
        )
        if refusal.reason is not Reason.KEY_UNFIT:  # a mistake of who has set it up, and nobody's forgery
            alarm_write(Source.SEALER, refusal.reason.value, refusal.detail)

    transactions.run(work)
