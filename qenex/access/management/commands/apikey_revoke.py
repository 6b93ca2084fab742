"""The end of a key."""

from argparse import ArgumentParser
from typing import Any

from qenex.access.apikeys import apikey_revoke
from qenex.access.management.keycommands import KeyCommand


class Command(KeyCommand):
    """`manage.py apikey_revoke KEY`"""

    help = "End a key for ever and wipe its secrets; within a second nothing takes it any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", metavar="KEY", help="the key's id, qk_...")
        parser.add_argument("--reason", default="", help="why, for the event")

    def handle(self, *args: Any, **options: Any) -> None:
        key = self.key(options["key"])
        with self.refusals("apikey_revoke", key.owner):
            apikey_revoke(key=key.pk, reason=options["reason"])
        self.stdout.write("The key is revoked.")
