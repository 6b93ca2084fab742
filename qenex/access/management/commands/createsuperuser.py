"""Django's `createsuperuser`, with the event that audited tables demand."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User

from qenex.access import people
from qenex.kernel.context import acting, command
from qenex.kernel.transactions import run


class _Recording:
    """The model of users as the command sees it: whom it makes is recorded in the transaction that makes him."""

    def __getattr__(self, name: str) -> Any:
        return getattr(User, name)

    @property
    def _default_manager(self) -> "_Recording":
        return self

    def db_manager(self, database: str) -> "_Recording":
        """There is one database that can be written to."""
        return self

    def get_by_natural_key(self, username: str) -> User:
        """The user of this name. Raises User.DoesNotExist."""
        return User.objects.get_by_natural_key(username)

    def create_superuser(self, **fields: Any) -> User:
        """Makes the user."""

        def make() -> User:
            user = User.objects.create_superuser(**fields)
            people.tell_created(user)
            return user

        return run(make)


class Command(createsuperuser.Command):
    """`manage.py createsuperuser`"""

    def handle(self, *args: Any, **options: Any) -> Any:
        """As Django does, in the name of the command."""
        self.UserModel: Any = _Recording()
        with acting(command("createsuperuser")):
            return super().handle(*args, **options)
