"""Django's commands for users leave events, as everything does that touches a user."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from qenex.access.models import Person
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.support.people import make_user

GOOD = "a violet tractor hums 71"


def _last(user: User, type: str) -> dict[str, Any]:
    event = Event.objects.filter(type=type, subject_id=str(user.pk)).latest("recorded_at")
    body: dict[str, Any] = json.loads(bytes(event.body))
    return body


def test_a_superuser_of_the_shell_is_recorded(database: None) -> None:
    name = f"u{uuid7().hex}"
    given = ("--noinput", "--username", name, "--email", f"{name}@example.org")
    call_command("createsuperuser", *given, stdout=StringIO())
    user = User.objects.get(username=name)
    event = _last(user, "access.user.created")
    assert (user.is_superuser, event["actor"]["name"], event["actor"]["method"]) == (True, "createsuperuser", "command")
    assert event["data"] | {"joined_at": None} == {
        "user": name,
        "staff": True,
        "superuser": True,
        "active": True,
        "joined_at": None,
        "active_since": None,
    }
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", *given)


def test_a_password_of_the_shell_is_changed_by_the_service(
    database: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user = make_user()
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda self, prompt="": GOOD)
    call_command("changepassword", user.username)
    user.refresh_from_db()
    assert (user.check_password(GOOD), Person.objects.get(user=user).password_due) == (True, True)
    actor = _last(user, "access.password.changed")["actor"]
    assert (actor["name"], actor["on_behalf_of"]) == ("changepassword", {"id": user.pk, "name": user.username})
    assert GOOD not in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "message"), [(["one", "two"], "not the same"), (["short", "short"], "too short")])
def test_a_password_that_will_not_do_changes_nothing(
    database: None, monkeypatch: pytest.MonkeyPatch, typed: list[str], message: str
) -> None:
    user, answers = make_user(), iter(typed)
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda self, prompt="": next(answers))
    with pytest.raises(CommandError, match=message):
        call_command("changepassword", user.username)
    assert not Event.objects.filter(type="access.password.changed", subject_id=str(user.pk)).exists()


def test_an_unknown_user_has_no_password_to_change(database: None) -> None:
    with pytest.raises(CommandError, match=r"^There is no user nobody-of-this-name\.$"):
        call_command("changepassword", "nobody-of-this-name")
