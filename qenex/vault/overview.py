"""What the vault holds, for somebody who may look: counts and names, no key and nobody's name."""

from typing import Any, NamedTuple

from django.db.models import Count, Max, Q

from qenex.kernel.health import Unready
from qenex.vault import providers
from qenex.vault.errors import VaultError
from qenex.vault.health import check_keys
from qenex.vault.models import DataKey, Rotation, SigningKey

ROTATIONS = 10


class Health(NamedTuple):
    """How the provider is."""

    provider: str
    newest: str
    """The id of its newest key-encryption key; empty where there is none yet, or it cannot be asked."""
    problem: str
    """One line without any secret; empty where all is well."""


class Progress(NamedTuple):
    """A rotation, and how much of it is left."""

    rotation: Rotation
    total: int
    left: int

    @property
    def done(self) -> int:
        """How many keys are under the rotation's key-encryption key."""
        return self.total - self.left


def health() -> Health:
    """Asks the provider for its newest key, and to unwrap the newest data key."""
    try:
        newest = providers.current().newest()
        check_keys()
    except (Unready, VaultError) as problem:
        return Health(providers.current().name, "", str(problem))
    return Health(providers.current().name, newest.id if newest else "", "")


def data_keys() -> list[dict[str, Any]]:
    """How many data keys each purpose has under each key-encryption key. One query."""
    rows = DataKey.objects.values("purpose", "use", "kek_id", "kek_version").annotate(
        live=Count("pk", filter=Q(shredded_at=None, retired_at=None)),
        retired=Count("pk", filter=Q(shredded_at=None, retired_at__isnull=False)),
        shredded=Count("pk", filter=Q(shredded_at__isnull=False)),
        newest=Max("version"),
    )
    uses = dict(DataKey.Use.choices)
    return [{**row, "use": uses[row["use"]]} for row in rows.order_by("purpose", "use", "-kek_version", "kek_id")]


def rotations() -> list[Rotation]:
    """The last ones, the newest first."""
    return list(Rotation.objects.order_by("-started_at")[:ROTATIONS])


def going() -> Progress | None:
    """The rotation that is not finished; none where there is none. Three queries."""
    row = Rotation.objects.filter(finished_at=None).first()
    if row is None:
        return None
    wrapped = [model._default_manager.filter(wrapped__isnull=False) for model in (DataKey, SigningKey)]
    total = sum(rows.count() for rows in wrapped)
    return Progress(row, total, sum(rows.exclude(kek_id=row.kek_id).count() for rows in wrapped))
