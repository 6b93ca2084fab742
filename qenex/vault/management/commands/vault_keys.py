"""List, export and roll over signing keys."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Max

from qenex.kernel.context import acting, command
from qenex.kernel.transactions import Busy
from qenex.vault import providers, purposes, signing
from qenex.vault.errors import VaultError
from qenex.vault.models import DataKey, SigningKey


class Command(BaseCommand):
    """`manage.py vault_keys [--export PURPOSE | --rollover PURPOSE]`"""

    help = "List the keys, export a purpose's public keys, or publish its next signing key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--export", metavar="PURPOSE", help="write the purpose's public keys")
        what.add_argument("--rollover", metavar="PURPOSE", help="publish the purpose's next key")
        parser.add_argument("--format", choices=["pem", "jwk"], default="pem", help="of --export (pem)")
        parser.add_argument("--compromised", action="store_true", help="--rollover at once; withdraws the other keys")
        parser.add_argument("--reason", default="by command", help="why; it is kept in the event")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["compromised"] and not options["rollover"]:
            raise CommandError("--compromised goes with --rollover.")
        try:
            if options["export"]:
                self._export(options["export"], options["format"])
            elif options["rollover"]:
                self._roll(options)
            else:
                self._list()
        except (Busy, ValueError, VaultError) as error:
            raise CommandError(f"{error}.") from None

    def _export(self, purpose: str, format: str) -> None:
        keys = signing.public_keys(purpose)
        if format == "jwk":
            self.stdout.write(json.dumps({"keys": [key.jwk() for key in keys]}, indent=2))
            return
        for key in keys:
            self.stdout.write(f"# {key.kid} {key.algorithm}, signs from {key.not_before:%Y-%m-%d %H:%M:%S} UTC")
            self.stdout.write(key.pem().rstrip())

    def _roll(self, options: dict[str, Any]) -> None:
        with acting(command("vault_keys", reason=options["reason"])):
            key = signing.rollover(options["rollover"], compromised=options["compromised"])
        self.stdout.write(f"{key.kid} ({key.algorithm}) signs from {key.not_before:%Y-%m-%d %H:%M:%S} UTC.")

    def _list(self) -> None:
        newest = providers.current().newest()
        self.stdout.write(f"provider {providers.current().name}, newest key {newest.id if newest else 'none yet'}")
        live = DataKey.objects.filter(shredded_at=None)
        for row in live.values("kek_id", "kek_version").annotate(keys=Count("pk")).order_by("kek_version", "kek_id"):
            self.stdout.write(f"{row['keys']:,} data keys under {row['kek_id']} version {row['kek_version']}")
        purposed = live.values("purpose", "use").annotate(keys=Count("pk"), last=Max("version"))
        for each in purposed.order_by("purpose", "use"):
            self.stdout.write(
                f"{each['purpose']} ({each['use']}): {each['keys']:,} keys, newest version {each['last']}"
            )
        for key in SigningKey.objects.filter(purpose__in=purposes.PURPOSES).order_by("purpose", "version"):
            until = f"{key.not_after:%Y-%m-%d %H:%M} UTC" if key.not_after else "further notice"
            self.stdout.write(f"{key.purpose} {key.version}: {key.kid} {key.algorithm} {key.state}, until {until}")
