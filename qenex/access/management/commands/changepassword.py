"""Django's `changepassword` by way of the service, which ends the user's sessions and records it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from qenex.access import passwords
from qenex.kernel.context import Principal, acting, command


class Command(changepassword.Command):
    """`manage.py changepassword USER`; the user must change it again when he has signed in."""

    def handle(self, *args: Any, **options: Any) -> str:
        """Asks twice. Raises CommandError for an unknown user and for a password that is not allowed."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        ask: Callable[..., str] = super()._get_pass  # type: ignore[misc]  # the stubs have forgotten it
        password = ask()
        if password != ask("Password (again): "):
            raise CommandError("The two passwords are not the same.")
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with acting(command("changepassword", on_behalf_of=Principal(user.pk, user.username))):
            passwords.password_change(user=user, password=password)
        return f"The password of {user.username} was changed."
