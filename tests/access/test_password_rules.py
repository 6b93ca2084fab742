"""What a new password must not be, and what changing one does."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from qenex.access import passwords
from qenex.access.models import Ended, FormerPassword, Person, StaffSession
from qenex.access.tokens import family_start
from qenex.kernel.models import Event
from tests.support.marked import marked
from tests.support.people import make_user, staff_client

NEW = "zebra crossing {}"


def _codes(password: str, user: User) -> list[Any]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [each.code for each in error.error_list]
    return []


def test_the_last_four_do_not_come_back(database: None) -> None:
    user = make_user()
    for number in range(6):
        passwords.password_change(user=user, password=NEW.format(number))
    assert [_codes(NEW.format(number), user) for number in range(7)] == [[]] * 2 + [["password_former"]] * 4 + [[]]
    assert FormerPassword.objects.filter(user=user).count() == 4


def test_a_password_from_before_the_history_does_not_come_back_either(database: None) -> None:
    user = make_user()
    user.set_password(NEW.format("old"))
    with marked():
        user.save()
    assert _codes(NEW.format("old"), user) == ["password_former"]


def test_an_administrators_password_ends_everything_and_must_be_changed(database: None) -> None:
    user = make_user()
    staff_client(user)
    family = family_start(user=user, method="password").family
    passwords.password_change(user=user, password=NEW.format(1))
    assert StaffSession.objects.get(user=user).ended_reason == Ended.PASSWORD_CHANGED
    assert user.token_families.get(pk=family).ended_at is not None
    assert Person.objects.get(user=user).password_due
    event = Event.objects.get(type="access.password.changed", subject_id=str(user.pk))
    body = json.loads(bytes(event.body))
    assert body["data"] == {"user": user.username, "by": "administrator"}
    assert b"argon2" not in bytes(event.body)


@pytest.mark.parametrize("due", [True, False])
def test_the_page_keeps_this_session_and_ends_the_others(database: None, due: bool) -> None:
    user = make_user()
    passwords.password_change(user=user, password=NEW.format(1))
    with marked():
        Person.objects.filter(user=user).update(password_due=due)
    user.refresh_from_db()
    mine, other = staff_client(user), staff_client(user)
    assert mine.get("/admin/").status_code == (302 if due else 200)
    data = {"old_password": NEW.format(1), "new_password1": NEW.format(2), "new_password2": NEW.format(2)}
    assert mine.post("/admin/password_change/", data)["Location"] == "/admin/"
    assert mine.get("/admin/").status_code == 200
    assert other.get("/admin/")["Location"].startswith("/admin/login/")
    assert not Person.objects.get(user=user).password_due
