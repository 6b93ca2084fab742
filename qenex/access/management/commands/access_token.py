"""An access token for whoever has a shell on the server."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from qenex.access.tokens import family_start
from qenex.access.tokens.families import BY_COMMAND
from qenex.kernel.context import Principal, acting, command
from qenex.kernel.transactions import Busy
from qenex.vault.errors import VaultError


class Command(BaseCommand):
    """`manage.py access_token USER`"""

    help = "Print an access token of a user, for `Authorization: Bearer`. An event records it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER")
        most = settings.TOKEN_COMMAND_MINUTES
        parser.add_argument("--minutes", type=int, default=settings.TOKEN_MINUTES, help=f"its life, up to {most}")

    def handle(self, *args: Any, **options: Any) -> None:
        minutes, most = options["minutes"], settings.TOKEN_COMMAND_MINUTES
        if not 1 <= minutes <= most:
            raise CommandError(f"A token lives for 1 to {most} minutes.")
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['user']}.")
        try:
            with acting(command("access_token", on_behalf_of=Principal(user.pk, user.username))):
                issued = family_start(user=user, method=BY_COMMAND, lifetime=timedelta(minutes=minutes))
        except (Busy, VaultError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(issued.access)
