"""Sessions of staff: their limits by an injected clock, what they cost, and how they end."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qenex.access import sessions
from qenex.access.models import Ended, Method, StaffSession
from qenex.access.sessionstore import SessionStore, hashed
from qenex.access.tokens import family_start
from qenex.kernel import clock, context
from qenex.kernel.context import Context
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.support.marked import marked
from tests.support.people import make_user, sign_in, staff_client

INDEX = "/admin/"


@pytest.fixture
def person(database: None) -> User:
    """Somebody."""
    return make_user()


def _at(session: StaffSession, after: timedelta) -> Any:
    return clock.frozen(session.created_at + after)


@pytest.mark.parametrize(
    ("pause", "open"),
    [(timedelta(minutes=14), True), (timedelta(minutes=15, seconds=-1), True), (sessions.IDLE, False)],
)
def test_a_pause_of_fifteen_minutes_ends_a_session(person: User, pause: timedelta, open: bool) -> None:
    client = staff_client(person)
    session = StaffSession.objects.get(user=person)
    with clock.frozen(session.last_seen_at + pause):
        assert client.get(INDEX).status_code == (200 if open else 302)
        assert sessions.is_live(session.pk) is open
    session.refresh_from_db()
    assert session.ended_reason == ("" if open else Ended.IDLE)
    assert Session.objects.filter(session_key=session.key_hash).exists() is open


def test_eight_hours_end_a_session_that_is_in_use(person: User) -> None:
    client = staff_client(person)
    session = StaffSession.objects.get(user=person)
    minutes = 0
    while minutes + 14 < 8 * 60:
        minutes += 14
        with _at(session, timedelta(minutes=minutes)):
            assert client.get(INDEX).status_code == 200
    with _at(session, sessions.ABSOLUTE):
        assert client.get(INDEX).status_code == 302
    session.refresh_from_db()
    assert session.ended_reason == Ended.EXPIRED


def test_use_is_noted_once_a_minute(person: User) -> None:
    client = staff_client(person)
    session = StaffSession.objects.get(user=person)
    costs = {}
    for seconds in (59, 60, 61, 120):
        with clock.frozen(session.last_seen_at + timedelta(seconds=seconds)), CaptureQueriesContext(connection) as seen:
            client.get("/admin/jsi18n/")
        costs[seconds] = [query["sql"].split()[0] for query in seen].count("UPDATE")
    assert costs == {59: 0, 60: 1, 61: 0, 120: 1}


def test_a_request_without_a_cookie_asks_nothing_of_the_database(database: None) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert Client().get("/admin/login/").status_code == 200
    assert len(seen) == 0


def test_only_the_hash_of_a_key_is_in_the_database(person: User) -> None:
    client = staff_client(person)
    key = client.session.session_key
    assert key is not None
    stored = set(Session.objects.values_list("session_key", flat=True))
    assert key not in stored
    assert hashed(key) in stored
    assert StaffSession.objects.get(user=person).key_hash == hashed(key)
    stolen = Client()
    stolen.cookies["sessionid"] = hashed(key)
    assert stolen.get(INDEX).status_code == 302


def test_the_store_does_what_djangos_does(database: None) -> None:
    store = SessionStore()
    store["x"] = 1
    store.create()
    key = store.session_key
    assert key is not None
    assert store.exists(key)
    assert SessionStore(key)["x"] == 1
    store.cycle_key()
    assert not store.exists(key)
    assert SessionStore(key).load() == {}
    again = SessionStore(store.session_key)
    assert again["x"] == 1
    again.delete()
    assert not again.exists(store.session_key or "")
    SessionStore().delete()


def test_djangos_own_sign_in_opens_nothing(person: User) -> None:
    client = Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    assert client.get(INDEX)["Location"].startswith("/admin/login/")


def test_the_key_of_anothers_session_opens_nothing(person: User) -> None:
    client = Client()
    sign_in(client, person)
    with marked():
        StaffSession.objects.filter(user=person).update(user=make_user())
    assert client.get(INDEX)["Location"].startswith("/admin/login/")


def test_an_ended_session_is_dead_at_the_next_request(person: User) -> None:
    client, other = staff_client(person), staff_client(person)
    first = StaffSession.objects.filter(user=person).order_by("created_at")[0]
    boss = make_user(superuser=True)
    with context.acting(Context(actor_id=boss.pk, actor=boss.username, method="session")):
        assert sessions.session_end(session=first, reason=Ended.BY_ADMINISTRATOR)
        assert not sessions.session_end(session=first, reason=Ended.BY_ADMINISTRATOR)
    assert [each.get(INDEX).status_code for each in (client, other)] == [302, 200]
    first.refresh_from_db()
    assert (first.ended_by, first.ended_reason) == (boss.pk, Ended.BY_ADMINISTRATOR)
    event = Event.objects.get(subject_type="user", subject_id=str(person.pk), type="access.session.ended")
    assert b"127.0.0.1" not in bytes(event.body)
    assert reveal(event.body).body["data"] == {
        "session": str(first.pk),
        "address": "127.0.0.1",
        "reason": "by_administrator",
    }


def test_signing_out_everywhere_ends_sessions_and_tokens_but_not_this_one(person: User) -> None:
    clients = [staff_client(person) for _ in range(3)]
    family = family_start(user=person, method="password").family
    mine = StaffSession.objects.filter(user=person).order_by("created_at")[0]
    assert sessions.sessions_end_all(user=person, reason=Ended.BY_USER, but=mine.pk) == 3  # and a program's
    assert [each.get(INDEX).status_code for each in clients] == [200, 302, 302]
    assert person.token_families.get(pk=family).ended_at is not None


def test_a_session_lives_only_when_it_is_verified_and_its_user_active(person: User) -> None:
    session = sign_in(Client(), person, verified=False)
    assert not sessions.is_live(session.pk)
    sessions.session_verify(session=session, method=Method.TOTP, key=uuid7().hex)
    assert sessions.is_live(session.pk)
    with marked():
        User.objects.filter(pk=person.pk).update(is_active=False)
    assert not sessions.is_live(session.pk)
    assert not sessions.is_live(uuid7())


@pytest.mark.parametrize(
    "fields",
    [
        {"verified_by": "totp"},
        {"verified_at": clock.now(), "verified_by": "magic"},
        {"stepped_up_at": clock.now()},
        {"ended_at": clock.now()},
        {"ended_reason": "idle"},
    ],
)
def test_the_database_keeps_states_that_make_sense(person: User, fields: dict[str, Any]) -> None:
    session = sign_in(Client(), person, verified=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffSession.objects.filter(pk=session.pk).update(**fields)


def test_sessions_that_nobody_comes_back_to_are_ended_by_the_clock(person: User) -> None:
    staff_client(person)
    staff_client(person)
    idle, used = StaffSession.objects.filter(user=person).order_by("created_at")
    later = idle.last_seen_at + sessions.IDLE
    StaffSession.objects.filter(pk=used.pk).update(last_seen_at=later)
    with clock.frozen(later):
        assert sessions.sessions_expire() >= 1
        assert sessions.sessions_expire() == 0
    idle.refresh_from_db()
    used.refresh_from_db()
    assert [idle.ended_reason, used.ended_reason] == [Ended.IDLE, ""]
    assert not Session.objects.filter(session_key=idle.key_hash).exists()
    assert Session.objects.filter(session_key=used.key_hash).exists()


def test_the_eleventh_session_ends_the_oldest_and_nobody_elses(person: User) -> None:
    stranger = staff_client(make_user())
    clients = [staff_client(person) for _ in range(sessions.AT_ONCE)]
    assert [client.get("/admin/").status_code for client in clients] == [200] * 10
    clients.append(staff_client(person))
    assert [client.get("/admin/").status_code for client in clients] == [302] + [200] * 10
    ended = StaffSession.objects.get(user=person, ended_at__isnull=False)
    assert ended.ended_reason == Ended.TOO_MANY
    assert ended.pk == StaffSession.objects.filter(user=person).order_by("created_at")[0].pk
    assert stranger.get("/admin/").status_code == 200


def test_signing_out_has_the_browser_forget_its_pages(person: User) -> None:
    answer = staff_client(person).post("/admin/logout/")
    assert (answer.status_code, answer["Clear-Site-Data"]) == (302, '"cache"')
    assert "Clear-Site-Data" not in staff_client(person).get("/admin/")
