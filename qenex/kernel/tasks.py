"""Housekeeping."""

from datetime import timedelta

from celery import shared_task

from qenex.kernel import clock
from qenex.kernel.models import IdempotencyKey

KEPT = timedelta(days=30)
BATCH = 1000


@shared_task
def idempotency_prune() -> int:
    """Forgets answers older than 30 days, in small transactions, and returns how many."""
    old = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT).order_by("created_at")
    total = 0
    while ids := list(old.values_list("id", flat=True)[:BATCH]):
        deleted, _ = IdempotencyKey.objects.filter(id__in=ids).delete()
        total += deleted
    return total
