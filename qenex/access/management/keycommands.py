"""What the commands for keys have in common: who acts, which key is meant, and one line for whatever is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from qenex.access.apikeys import ApiKeyError, Secret
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import ApiKey
from qenex.kernel.context import Context, acting
from qenex.kernel.transactions import Busy
from qenex.vault.errors import VaultError

METHOD = "command"


class KeyCommand(BaseCommand):
    """A command about one key."""

    @contextmanager
    def refusals(self, name: str) -> Iterator[None]:
        """Acts as the command of this name. Raises CommandError for whatever the services refuse."""
        try:
            with acting(Context(actor=name, method=METHOD)):
                yield
        except ApprovalRequired:
            raise CommandError("A policy asks for a second person: ask for this key in the back office.") from None
        except (ApiKeyError, Busy, VaultError) as error:
            raise CommandError(str(error)) from None

    def key(self, key_id: str) -> UUID:
        """The key of this id. Raises CommandError."""
        found = ApiKey.objects.filter(key_id=key_id).first()
        if found is None:
            raise CommandError(f"There is no key {key_id}.")
        return found.pk

    def show(self, made: Secret, *, as_json: bool) -> None:
        """Writes the key's id and its secret, which nobody can show again."""
        said: dict[str, Any] = {"key_id": made.key.key_id, "secret": made.text}
        if as_json:
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(f"key id: {said['key_id']}\nsecret: {said['secret']}")
        self.stderr.write("The secret is shown this once: 32 bytes in hexadecimal digits.")
