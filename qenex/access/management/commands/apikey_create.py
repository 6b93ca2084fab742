"""A key for a program, for whoever has a shell on the server."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from qenex.access.apikeys import apikey_create
from qenex.access.keyscopes import NAMED
from qenex.access.management.keycommands import KeyCommand
from qenex.access.scopes import find_book
from qenex.kernel import clock

LONGEST = 3_650


class Command(KeyCommand):
    """`manage.py apikey_create --owner USER --name NAME --scope SCOPE`"""

    help = "Make a key with which a program signs its requests, and print its id and its secret, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", required=True, metavar="USER", help="whose permissions it narrows")
        parser.add_argument("--name", required=True, help="what the program is, for people")
        named = ", ".join(NAMED)
        parser.add_argument("--scope", required=True, nargs="+", action="extend", help=f"{named}, or permissions")
        parser.add_argument("--book", nargs="+", action="extend", default=[], help="codes or ids; else all its owner's")
        parser.add_argument("--cidr", nargs="+", action="extend", default=[], help="networks that it works from")
        parser.add_argument("--days", type=int, help=f"its life, up to {LONGEST}; else it ends when it is revoked")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(username=options["owner"], is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user {options['owner']}.")
        days = options["days"]
        if days is not None and not 1 <= days <= LONGEST:
            raise CommandError(f"A key lives for 1 to {LONGEST} days.")
        with self.refusals("apikey_create", owner):
            made = apikey_create(
                owner=owner,
                name=options["name"],
                scopes=options["scope"],
                books=[_book(each) for each in options["book"]],
                cidrs=options["cidr"],
                expires_at=clock.now() + timedelta(days=days) if days else None,
            )
        self.show(made, as_json=options["json"])


def _book(text: str) -> UUID:
    found = find_book(text)
    if found is None:
        raise CommandError(f"There is no book {text}.")
    return found
