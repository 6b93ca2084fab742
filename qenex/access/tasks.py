"""What is done without anybody asking for it."""

from celery import shared_task

from qenex.access.approvals import approvals_expire


@shared_task(name="qenex.access.tasks.approvals_expire")
def expire_approvals() -> int:
    """Ends the requests for approval whose time is over, and returns how many."""
    return approvals_expire()
