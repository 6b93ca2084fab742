"""What operators watch of the trail, in Prometheus' terms. deploy/monitoring/trail.rules.yml has the alarms."""

import time

from prometheus_client import Counter, Gauge

from compliance.sealing.errors import Reason
from compliance.sealing.figures import Figures


def _gauge(name: str, help: str, labels: tuple[str, ...] = ()) -> Gauge:
    # Of several sealers, and of one that was killed, the last word counts.
    return Gauge(f"qenex_trail_{name}", help, labels, multiprocess_mode="mostrecent")


LAG = _gauge("lag_seconds", "Age of the oldest event that no checkpoint covers.")
BEHIND = _gauge("events_behind", "Events without a position, 100,000 at most.")
SIZE = _gauge("size", "Leaves of the tree.")
SIGNED = _gauge("signed_size", "Leaves that the newest checkpoint covers.")
SIGNED_AT = _gauge("checkpoint_timestamp_seconds", "When the newest checkpoint was signed.")
ALIVE = _gauge("sealer_timestamp_seconds", "When a sealer looked last.")
REFUSED = _gauge("refused", "1 while the sealer refuses to go on for this reason.", ("reason",))
HOLDER = _gauge("horizon_held_seconds", "Age of a transaction that holds up sealing.", ("pid", "user", "application"))
REFUSALS = Counter("qenex_trail_refusals", "Times that the sealer began to refuse.", ["reason"])
CHECKPOINTS = Counter("qenex_trail_checkpoints", "Checkpoints that were signed and published.")


def show(figures: Figures) -> None:
    """Sets what can be counted."""
    LAG.set(figures.lag)
    BEHIND.set(figures.behind)
    SIZE.set(figures.size)
    SIGNED.set(figures.signed)
    if figures.signed_at is not None:
        SIGNED_AT.set(figures.signed_at.timestamp())
    ALIVE.set(time.time())


def refused(reason: Reason | None) -> None:
    """Says what is refused now; none: nothing is."""
    for each in Reason:
        REFUSED.labels(each.value).set(each is reason)


def holder(pid: int, user: str, application: str, *, seconds: float) -> None:
    """Says for how long a transaction has held up sealing; 0 when it has ended."""
    HOLDER.labels(str(pid), user, application).set(seconds)
