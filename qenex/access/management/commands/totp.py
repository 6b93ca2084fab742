"""An authenticator app for the command line."""

import sys
import time
from base64 import b32decode
from binascii import Error
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qenex.access.mfa import totp


class Command(BaseCommand):
    """`manage.py totp < secret`"""

    help = "Print the code of the moment for the secret on standard input, for those without an authenticator app."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        typed = sys.stdin.readline().replace(" ", "").strip().upper()
        try:
            secret = b32decode(typed + "=" * (-len(typed) % 8))
        except Error:
            raise CommandError("The secret is not base 32, as it stands below the picture.") from None
        if not secret:
            raise CommandError("Give the secret that stands below the picture on standard input.")
        self.stdout.write(totp.code_at(secret, totp.step_at(time.time())))
