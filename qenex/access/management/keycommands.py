"""What the commands for keys have in common: who acts, which key is meant, and one line for whatever is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from qenex.access.apikeys import ApiKeyError, Secret
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import ApiKey
from qenex.kernel.context import Principal, acting, command
from qenex.kernel.transactions import Busy
from qenex.vault.errors import VaultError


class KeyCommand(BaseCommand):
    """A command about one key."""

    @contextmanager
    def refusals(self, name: str, owner: User) -> Iterator[None]:
        """Acts as the command of this name for the key's owner. Raises CommandError for what the services refuse."""
        try:
            with acting(command(name, on_behalf_of=Principal(owner.pk, owner.username))):
                yield
        except ApprovalRequired:
            raise CommandError("A policy asks for a second person: ask for this key in the back office.") from None
        except (ApiKeyError, Busy, VaultError) as error:
            raise CommandError(str(error)) from None

    def key(self, key_id: str) -> ApiKey:
        """The key of this id. Raises CommandError."""
        found = ApiKey.objects.select_related("owner").filter(key_id=key_id).first()
        if found is None:
            raise CommandError(f"There is no key {key_id}.")
        return found

    def show(self, made: Secret, *, as_json: bool) -> None:
        """Writes the key's id and its secret, which nobody can show again."""
        said: dict[str, Any] = {"key_id": made.key.key_id, "secret": made.text}
        if as_json:
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(f"key id: {said['key_id']}\nsecret: {said['secret']}")
        self.stderr.write("The secret is shown this once: 32 bytes in hexadecimal digits.")
