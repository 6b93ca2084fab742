"""Open alarms in /readyz: the process serves, and somebody should look."""

from compliance.alarms import metrics
from compliance.alarms.raising import open_alarms
from qenex.kernel.health import Degraded


def check_alarms() -> None:
    """No alarm is open. Raises Degraded: whoever may write into the log must not be able to stop the service."""
    found = open_alarms(using="default")
    metrics.refresh()
    if found:
        raise Degraded(f"open tamper alarms: {len(found)}")
