"""What the ledger does by itself, late or twice without harm."""

from celery import shared_task

from ledger import services
from qenex.kernel.context import acting, task


@shared_task
def holds_expire() -> int:
    """Releases the holds whose time is over."""
    with acting(task("holds_expire")):
        return services.holds_expire()
