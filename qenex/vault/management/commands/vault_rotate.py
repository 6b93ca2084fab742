"""Rotate keys."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qenex.kernel import clock
from qenex.kernel.context import acting, command
from qenex.kernel.progress import Progress
from qenex.kernel.transactions import Busy
from qenex.vault import providers, resealing, rotation
from qenex.vault.columns import sealed_columns
from qenex.vault.errors import VaultError
from qenex.vault.models import DataKey, Rotation, SigningKey
from qenex.vault.rotation import FIRST, Batch

Step = Callable[[Any], Batch | resealing.Page]


class Command(BaseCommand):
    """`manage.py vault_rotate [--data]`"""

    help = "Make a new key-encryption key and wrap every key under it; continues what was interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", action="store_true", help="also new data keys, and every value sealed again")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to do")
        parser.add_argument("--batch", type=int, default=500, metavar="N", help="rows of one transaction (500)")
        parser.add_argument("--from", choices=["file", "pkcs11"], metavar="PROVIDER", help="move from this provider")
        parser.add_argument("--reason", default="rotation by command", help="why; it is kept in the events")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be 1 or more.")
        self.batch, self.quiet, self.broken = options["batch"], not options["verbosity"], list[str]()
        if options["from"]:
            providers.admit(options["from"])
        try:
            with acting(command("vault_rotate", reason=options["reason"])):
                self._tell(options["data"]) if options["dry_run"] else self._rotate(options["data"])
        except (Busy, VaultError) as error:
            raise CommandError(f"{error}. Run the command again to continue.") from None
        if self.broken:
            raise CommandError(f"{len(self.broken)} values do not open: {', '.join(self.broken[:10])}")

    def _tell(self, data: bool) -> None:
        going = Rotation.objects.filter(finished_at=None).first()
        keys = sum(_wrapped(model, going) for model in (DataKey, SigningKey))
        begun = f"The rotation of {going.started_at:%Y-%m-%d %H:%M} UTC goes on" if going else "A rotation begins"
        self.stdout.write(f"{begun}: {keys:,} keys to wrap.")
        if data or (going and going.data):
            for field in sealed_columns():
                self.stdout.write(f"{_name(field)}: {resealing.count(field):,} values to look at.")

    def _rotate(self, data: bool) -> None:
        row, again = rotation.rotation_start(data=data)
        if again:
            self.stdout.write(f"The rotation of {row.started_at:%Y-%m-%d %H:%M} UTC goes on.")
        for model in (DataKey, SigningKey):
            self._walk(f"{model._meta.verbose_name}s", _wrapped(model, row), self._rewrap(row, model), FIRST)
        if row.data:
            self._renew(row)
        row = rotation.rotation_finish(rotation=row)
        self.stdout.write(f"{row.keys:,} keys are wrapped under version {row.kek_version} ({row.kek_id}).")
        if row.data:
            until = clock.now() + timedelta(seconds=settings.KEY_CACHE_SECONDS)
            self.stdout.write(
                f"{row.values:,} values are sealed again. Other processes may seal under earlier keys until"
            )
            self.stdout.write(
                f"{until:%H:%M:%S} UTC; such values stay readable, and the next rotation takes them along."
            )

    def _renew(self, row: Rotation) -> None:
        keys = DataKey.objects.filter(use=DataKey.Use.SEAL, retired_at=None, created_at__lt=row.started_at).count()
        renew: Step = lambda after: rotation.keys_renew(rotation=row, after=after, limit=self.batch)  # noqa: E731
        self._walk("new data keys", keys, renew, FIRST)
        for field in sealed_columns():
            # Again until a pass finds nothing: others write meanwhile, with keys that they have at hand.
            while self._walk(_name(field), resealing.count(field), self._reseal(row, field), None):
                pass

    def _rewrap(self, row: Rotation, model: type[DataKey] | type[SigningKey]) -> Step:
        return lambda after: rotation.keys_rewrap(rotation=row, model=model, after=after, limit=self.batch)

    def _reseal(self, row: Rotation, field: Any) -> Step:
        return lambda after: resealing.values_reseal(rotation=row, field=field, after=after, limit=self.batch)

    def _walk(self, label: str, total: int, step: Step, after: Any) -> int:
        """Takes the step until there is nothing left; how much it has changed."""
        progress, seen, changed = Progress(label, total, "row", quiet=self.quiet), 0, 0
        broken: list[str] = []
        while (done := step(after)).seen:
            seen, changed, after = seen + done.seen, changed + done.changed, done.last
            broken += [f"{label} {pk}" for pk in getattr(done, "broken", ())]
            progress.show(seen)
        progress.close()
        self.broken += [each for each in broken if each not in self.broken]
        return changed


def _wrapped(model: type[DataKey] | type[SigningKey], going: Rotation | None) -> int:
    rows = model._default_manager.filter(wrapped__isnull=False)
    return (rows.exclude(kek_id=going.kek_id) if going else rows).count()


def _name(field: Any) -> str:
    return f"{field.model._meta.db_table}.{field.column}"
