"""What is done without anybody asking for it."""

from celery import shared_task

from compliance.privacy.retention import retention_apply
from qenex.kernel.context import acting, task


@shared_task(name="compliance.tasks.retention_apply")
def apply_retention() -> int:
    """Ends the personal data whose time is over, and returns how much."""
    with acting(task("retention_apply")):
        return sum(each.gone for each in retention_apply())
