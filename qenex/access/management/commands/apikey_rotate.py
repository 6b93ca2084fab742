"""Another secret for a key, and the end of the old one."""

from argparse import ArgumentParser
from typing import Any

from qenex.access.apikeys import apikey_retire, apikey_rotate
from qenex.access.management.keycommands import KeyCommand


class Command(KeyCommand):
    """`manage.py apikey_rotate KEY`, and once the program has the new secret, `manage.py apikey_rotate KEY --retire`"""

    help = "Make a second secret of a key and print it, once; or, with --retire, end the older one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", metavar="KEY", help="the key's id, qk_...")
        parser.add_argument("--retire", action="store_true", help="end the older of two secrets; makes none")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        key = self.key(options["key"])
        with self.refusals("apikey_rotate", key.owner):
            if not options["retire"]:
                self.show(apikey_rotate(key=key.pk), as_json=options["json"])
                return
            apikey_retire(key=key.pk)
        self.stdout.write("The older secret does not count any more.")
