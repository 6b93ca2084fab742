"""The number of open alarms, for Prometheus. deploy/monitoring/trail.rules.yml has the alert."""

from django.db.models import Count
from prometheus_client import Gauge

from compliance.models import Source, TamperAlarm

OPEN = Gauge("qenex_trail_alarms_open", "Tamper alarms that are open.", ["source"], multiprocess_mode="mostrecent")


def refresh() -> None:
    """Counts the open alarms, which are few."""
    rows = TamperAlarm.objects.filter(closed_at=None).values_list("source").annotate(Count("pk")).order_by()
    found = dict(rows)
    for source in Source.values:
        OPEN.labels(source).set(found.get(source, 0))
