"""What is done without anybody asking for it."""

from uuid import UUID

from celery import shared_task

from compliance.checking import check_request, check_run
from compliance.privacy.retention import retention_apply
from qenex.kernel.context import acting, task


@shared_task(name="compliance.tasks.retention_apply")
def apply_retention() -> int:
    """Ends the personal data whose time is over, and returns how much."""
    with acting(task("retention_apply")):
        return sum(each.gone for each in retention_apply())


@shared_task(name="compliance.tasks.trail_check_run")
def run_trail_check(check: str) -> None:
    """Carries out a verification that somebody asked for."""
    with acting(task("trail_check_run")):
        check_run(check=UUID(check))


@shared_task(name="compliance.tasks.trail_verify")
def verify_nightly() -> None:
    """Verifies the whole trail, unless that is being done."""
    with acting(task("trail_verify")):
        check, new = check_request()
        if new:
            check_run(check=check.pk)
