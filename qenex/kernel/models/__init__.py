from qenex.kernel.models.cursor import Cursor
from qenex.kernel.models.event import Event
from qenex.kernel.models.idempotency import IdempotencyKey

__all__ = ["Cursor", "Event", "IdempotencyKey"]
