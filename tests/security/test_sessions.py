"""Sessions and second factors, as an attacker with a cookie, a password or an old code would try them."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from qenex.access import mfa, sessions
from qenex.access.mfa import codes, enrolment
from qenex.access.models import Ended, RecoveryCode, StaffSession
from qenex.kernel import clock
from qenex.kernel.models import Event
from tests.docs.pages import ROOT
from tests.support.marked import marked
from tests.support.people import PASSWORD, code, make_user, staff_client, with_app, with_password

PAGE = "/admin/security/"


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password and an authenticator app."""
    user = with_password(make_user())
    with_app(user)
    return user


def only(user: User) -> StaffSession:
    return StaffSession.objects.get(user=user)


def sign_in(user: User) -> Client:
    """With the password alone, through the page."""
    client = Client()
    answer = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


@pytest.mark.parametrize("path", ["/admin/", PAGE, "/admin/ledger/book/", "/admin/password_change/", "/api/v1/books"])
def test_a_password_alone_opens_nothing(person: User, path: str) -> None:
    answer = sign_in(person).get(path)
    if path.startswith("/api/"):
        assert (answer.status_code, answer.json()["code"]) in (
            (401, "second_factor_required"),
            (403, "second_factor_required"),
        )
    else:
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/second-factor/")


def test_the_session_gets_a_new_key_with_each_factor(person: User) -> None:
    client = Client()
    client.get("/admin/login/")
    seen = []
    client.post("/admin/login/", {"username": person.username, "password": PASSWORD})
    seen.append(client.cookies["sessionid"].value)
    app = person.authenticatorapp_set.get()
    client.post("/admin/second-factor/", {"code": code(app)})
    seen.append(client.cookies["sessionid"].value)
    assert client.get(PAGE).status_code == 200
    assert len(set(seen)) == 2
    thief = Client()
    thief.cookies["sessionid"] = seen[0]
    assert thief.get(PAGE).status_code == 302


def test_keys_are_random_and_known_to_the_database_as_hashes(person: User) -> None:
    keys = {staff_client(person).cookies["sessionid"].value for _ in range(20)}
    assert len(keys) == 20
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 165 bits
    assert Session.objects.filter(session_key__in=keys).count() == 0
    assert StaffSession.objects.filter(key_hash__in=keys).count() == 0


@pytest.mark.parametrize(
    ("field", "age", "reason"),
    [("last_seen_at", sessions.IDLE, Ended.IDLE), ("created_at", sessions.ABSOLUTE, Ended.EXPIRED)],
)
def test_a_session_ends_by_itself(person: User, field: str, age: timedelta, reason: Ended) -> None:
    client = staff_client(person)
    with marked():
        StaffSession.objects.filter(user=person).update(**{field: clock.now() - age + timedelta(seconds=30)})
    assert client.get(PAGE).status_code == 200
    with marked():
        StaffSession.objects.filter(user=person).update(**{field: clock.now() - age})
    assert client.get(PAGE).status_code == 302
    assert only(person).ended_reason == reason
    with marked():
        StaffSession.objects.filter(user=person).update(**{field: clock.now()})
    assert client.get(PAGE).status_code == 302


def test_who_is_deactivated_has_no_session(person: User) -> None:
    client = staff_client(person)
    with marked():
        User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(PAGE).status_code == 302
    assert not sessions.is_live(only(person).pk)


def test_one_sees_ones_sessions_and_ends_them(person: User) -> None:
    here, there = staff_client(person), staff_client(person)
    assert here.get(PAGE).content.decode().count("127.0.0.1") >= 2
    assert here.post(f"{PAGE}end-others/").status_code == 302
    assert (here.get(PAGE).status_code, there.get(PAGE).status_code) == (200, 302)


def test_nobody_ends_the_session_of_another_there(person: User) -> None:
    other = make_user()
    theirs = staff_client(other)
    answer = staff_client(person).post(f"{PAGE}{only(other).pk}/end/")
    assert answer.status_code in (302, 404)
    assert theirs.get(PAGE).status_code == 200


def test_all_sessions_of_a_person_end_at_once(person: User) -> None:
    clients = [staff_client(person) for _ in range(3)]
    assert sessions.sessions_end_all(user=person, reason=Ended.BY_ADMINISTRATOR) == 3
    assert [client.get(PAGE).status_code for client in clients] == [302, 302, 302]


def test_a_code_works_once_and_not_before_a_later_one(person: User) -> None:
    app = person.authenticatorapp_set.get()
    shown, earlier = code(app), code(app, -1)
    assert mfa.check(person, shown) == "totp"
    assert mfa.check(person, shown) is None
    assert mfa.check(person, earlier) is None


@pytest.mark.parametrize("steps", [-3, -2, 2, 3, 100])
def test_a_code_of_another_time_is_none(person: User, steps: int) -> None:
    app = person.authenticatorapp_set.get()
    assert mfa.check(person, code(app, steps)) is None


def test_another_person_s_code_is_none(person: User) -> None:
    other = make_user()
    assert mfa.check(person, code(with_app(other))) is None


def test_recovery_codes_work_once_and_are_kept_as_hashes(person: User) -> None:
    made = enrolment.recovery_codes_make(user=person)
    assert len(set(made)) == 8
    assert all(len(each.replace("-", "")) * 5 == 120 for each in made)
    kept = set(RecoveryCode.objects.filter(user=person).values_list("code_hash", flat=True))
    assert kept == {codes.hashed(each) for each in made}
    assert mfa.check(person, made[0]) == "recovery"
    assert mfa.check(person, made[0]) is None
    assert mfa.check(make_user(), made[1]) is None


def test_secrets_of_apps_are_long_random_and_sealed(person: User) -> None:
    app = person.authenticatorapp_set.get()
    assert len(app.secret) == 20
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT secret FROM access_authenticatorapp WHERE id = %s", [app.pk])
        (stored,) = cursor.fetchone()
    assert bytes(app.secret) not in bytes(stored)
    assert enrolment.app_begin(user=person).secret != app.secret


def test_ten_failures_lock_an_address_out_and_are_written_down(person: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.77")
    form = {"username": person.username, "password": "not the password"}
    for _ in range(10):
        answer = client.post("/admin/login/", form)
    assert client.post("/admin/login/", form | {"password": PASSWORD}).status_code == 429 or answer.status_code == 429
    assert "sessionid" not in client.cookies
    recorded = Event.objects.filter(subject_type="user", subject_id=str(person.pk)).values_list("type", flat=True)
    assert list(recorded).count("access.sign_in.failed") == 10
    assert "access.lockout.started" in recorded


def test_another_address_is_not_locked_out_by_it(person: User) -> None:
    form = {"username": person.username, "password": "not the password"}
    far = Client(REMOTE_ADDR="192.0.2.78")
    for _ in range(11):
        far.post("/admin/login/", form)
    near = Client(REMOTE_ADDR="192.0.2.79")
    assert near.post("/admin/login/", form | {"password": PASSWORD}).status_code == 302


def test_signing_in_and_out_is_written_down(person: User) -> None:
    client = sign_in(person)
    client.post("/admin/second-factor/", {"code": code(person.authenticatorapp_set.get())})
    client.post("/admin/logout/")
    found: Any = Event.objects.filter(subject_type="user", subject_id=str(person.pk)).order_by("recorded_at", "id")
    kinds = [each.type for each in found if each.type.startswith("access.session")]
    assert kinds == ["access.session.opened", "access.session.verified", "access.session.ended"]
    assert json.loads(bytes(found.get(type="access.session.verified").body))["data"]["method"] == "totp"


def test_a_strangers_name_and_a_wrong_password_look_alike(person: User) -> None:
    said = []
    for name in (person.username, "nobody-of-this-name"):
        page = Client(REMOTE_ADDR="192.0.2.80").post("/admin/login/", {"username": name, "password": "wrong"})
        note = re.search(r'<p class="errornote"[^>]*>(.*?)</p>', page.content.decode(), re.DOTALL)
        said.append((page.status_code, note[1].strip() if note else None))
    assert said[0] == said[1]
    assert said[0][1]


def test_the_limits_of_sessions_are_those_of_the_guide() -> None:
    page = (ROOT / "docs" / "guide" / "sign-in.md").read_text()
    assert (timedelta(minutes=15), timedelta(hours=8)) == (sessions.IDLE, sessions.ABSOLUTE)
    assert "|a session without a request|ends after 15 minutes" in page
    assert "|a session at all|ends after 8 hours|" in page
    assert sessions.AT_ONCE == 10
    assert "|sessions at once|ten of one user; a further sign-in ends the oldest|" in page
