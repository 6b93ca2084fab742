"""The sealer of the event log: one key for each subject, or for each subject and month, bound to one event."""

from collections.abc import Iterable
from uuid import UUID

from qenex.kernel.personal import Sealed
from qenex.vault import envelope, keyring
from qenex.vault.errors import Shredded

PURPOSE = "events"


class EventSealer:
    """See `qenex.kernel.personal.Sealer`."""

    def seal(self, plain: bytes, *, event: UUID, subject: str) -> Sealed | None:
        """Sealed for this event; none where the subject is erased. Raises ProviderUnavailable."""
        try:
            key = keyring.live(PURPOSE, subject)
        except Shredded:
            return None
        return Sealed(key.id, envelope.seal_under(key, plain, _place(event)))

    def unseal(self, data: bytes, *, event: UUID) -> bytes | None:
        """The plaintext; none where the key is gone. Raises Tampered and ProviderUnavailable."""
        try:
            return envelope.unseal(data, _place(event))
        except Shredded:
            return None

    def preload(self, keys: Iterable[UUID]) -> None:
        """Unwraps these keys with one query. Raises ProviderUnavailable."""
        keyring.preload(keys)


SEALER = EventSealer()


def _place(event: UUID) -> envelope.Place:
    return envelope.Place("kernel_event", "personal", str(event))
