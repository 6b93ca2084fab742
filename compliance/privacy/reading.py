"""Reading personal data of an event: somebody's right, for a reason, and an event itself."""

from uuid import UUID

from qenex.kernel import events
from qenex.kernel.models import Event
from qenex.kernel.personal import Revealed, reveal
from qenex.kernel.transactions import run

REVEAL = "compliance.reveal_event"
"""The permission."""


def event_reveal(*, event: Event) -> Revealed:
    """Opens an event's personal data and records that it was read, by whom and why; whoever calls has checked both.

    Raises Tampered and ProviderUnavailable.
    """

    def command() -> Revealed:
        shown = reveal(event.body)
        _record(event.pk, shown)
        return shown

    return run(command)


def _record(event: UUID, shown: Revealed) -> None:
    data = {"places": list(shown.places), "erased": list(shown.erased)}
    events.emit("compliance.personal.read", subject_type="event", subject_id=event, data=data)
