"""What a newcomer finds: a database with demo data, and somebody to sign in as."""

import os
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands

from qenex.kernel import context, events, transactions

DEMO_USER = "demo"
PASSWORD_FILE = "demo_password"  # noqa: S105  # a file's name


class SignIn(NamedTuple):
    """Who may sign in; the password is None when it has been changed since."""

    user: str
    password: str | None


def load_demo() -> bool:
    """Load the demo data into a database without a single book; whether it was done."""
    if "demo" not in get_commands() or apps.get_model("ledger", "Book").objects.exists():
        return False
    call_command("demo", verbosity=0)
    return True


def ensure_sign_in(var: Path) -> SignIn:
    """The demo user, made a superuser with a random password when the database has no superuser yet."""
    users = get_user_model()._default_manager
    user = users.filter(username=DEMO_USER).first()
    if user is None:
        if users.filter(is_superuser=True).exists():
            return SignIn("one of your own users", None)
        user = _superuser(users, _new_password(var / PASSWORD_FILE))
    password = _kept_password(var / PASSWORD_FILE)
    return SignIn(DEMO_USER, password if password and user.check_password(password) else None)


def _superuser(users: Any, password: str) -> Any:
    def command() -> Any:
        user = users.create_superuser(DEMO_USER, None, password)
        data = {"user": DEMO_USER, "staff": True, "superuser": True, "active": True, "active_since": None}
        data["joined_at"] = user.date_joined
        events.emit("access.user.created", subject_type="user", subject_id=user.pk, data=data, version=2)
        return user

    with context.acting(context.command("up")):
        return transactions.run(command)


def _new_password(path: Path) -> str:
    path.unlink(missing_ok=True)
    password = secrets.token_urlsafe(12)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{password}\n")
    return password


def _kept_password(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None
