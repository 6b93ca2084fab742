"""What the ledger does by itself, late or twice without harm."""

from celery import shared_task

from ledger import services
from qenex.kernel.context import Context, acting


@shared_task
def holds_expire() -> int:
    """Releases the holds whose time is over."""
    with acting(Context(actor="holds_expire", method="task")):
        return services.holds_expire()
