"""Who is locked out by whose failures, for how long, and who never is."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client as Browser

from qenex.access import devices, lockout
from qenex.access.lockout import Client, Lock
from qenex.kernel import clock
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.support.people import PASSWORD, code, make_user, with_app, with_password
from tests.support.threads import together

MOMENT = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOGIN = "/admin/login/"


def address() -> str:
    """An address that no other test uses."""
    number = uuid4().int
    return f"2001:db8:{number & 0xFFFF:x}:{number >> 16 & 0xFFFF:x}::{number >> 32 & 0xFFFF:x}"


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password and an app."""
    user = with_password(make_user())
    with_app(user)
    return user


def fail(client: Client, times: int, at: datetime = MOMENT) -> Lock | None:
    with clock.frozen(at):
        return [lockout.failed(client, stage="password") for _ in range(times)][-1]


def stands(client: Client, at: datetime) -> Lock | None:
    with clock.frozen(at):
        return lockout.locked(client)


def test_the_tenth_failure_locks_an_address_for_thirty_minutes(database: None) -> None:
    client = Client(f"nobody-{uuid4()}", address())
    assert fail(client, 9) is None
    lock = fail(client, 1, MOMENT + MINUTE)
    assert lock == Lock("address", MOMENT + 31 * MINUTE)
    assert stands(client, MOMENT + 30 * MINUTE) == lock
    assert stands(client, MOMENT + 31 * MINUTE) is None
    with clock.frozen(MOMENT + MINUTE):
        assert lock.seconds == 1800


def test_names_do_not_matter_at_one_address(database: None) -> None:
    here = address()
    for _ in range(10):
        fail(Client(f"nobody-{uuid4()}", here), 1)
    lock = stands(Client("anybody", here), MOMENT)
    assert lock is not None
    assert lock.key == "address"


def test_half_an_hour_without_a_failure_forgets_them(database: None) -> None:
    client = Client(f"nobody-{uuid4()}", address())
    fail(client, 9)
    assert fail(client, 9, MOMENT + 30 * MINUTE) is None


def test_failures_elsewhere_lock_nobody_out(person: User) -> None:
    for _ in range(3):
        fail(Client(person.username, address()), 10)
    assert stands(Client(person.username, address()), MOMENT + timedelta(seconds=30)) is None
    assert stands(Client(person.username, address(), "a known browser"), MOMENT) is None


def test_many_addresses_slow_strangers_down_and_known_browsers_not(person: User) -> None:
    for _ in range(lockout.SLOW_LIMIT // 10):
        fail(Client(person.username, address()), 10)
    stranger = Client(person.username, address())
    assert stands(stranger, MOMENT) == Lock("user", MOMENT + lockout.SLOW)
    assert stands(stranger, MOMENT + lockout.SLOW) is None
    assert stands(Client(person.username, stranger.address, "a known browser"), MOMENT) is None
    assert stands(Client("somebody else", stranger.address), MOMENT) is None


def test_a_known_browser_has_ten_failures_of_its_own(person: User) -> None:
    here = address()
    known = Client(person.username, here, uuid4().hex)
    lock = fail(known, 10)
    assert lock == Lock("device", MOMENT + lockout.COOL_OFF)
    assert stands(Client(person.username, here), MOMENT) is None


def test_right_factors_forget_the_failures_of_this_name_alone(person: User) -> None:
    here = address()
    other = Client(f"nobody-{uuid4()}", here)
    fail(Client(person.username, here), 5)
    fail(other, 5)
    assert stands(other, MOMENT) is not None
    lockout.succeeded(Client(person.username, here))
    assert stands(other, MOMENT) is None
    assert fail(other, 5) == Lock("address", MOMENT + lockout.COOL_OFF)


@pytest.mark.smoke
def test_no_failure_is_lost_when_many_come_at_once(person: User) -> None:
    client = Client(person.username, address())
    together(8, lambda _: lockout.failed(client, stage="password"))
    assert AccessAttempt.objects.get(ip_address=client.address).failures_since_start == 8


def test_a_name_that_nobody_has_is_kept_as_a_hash(database: None) -> None:
    here, typed = address(), f"my secret password {uuid4()}"
    fail(Client(typed, here), 1)
    row = AccessAttempt.objects.get(ip_address=here)
    assert row.username.startswith("? ")
    assert typed not in "".join(map(str, row.__dict__.values()))
    events = Event.objects.filter(type="access.sign_in.failed", recorded_at=MOMENT)
    assert all(typed.encode() not in bytes(event.body) for event in events)


def test_events_say_who_from_where_and_that_it_is_locked(person: User) -> None:
    here = address()
    fail(Client(person.username, here), 10)
    events = list(Event.objects.filter(subject_type="user", subject_id=str(person.pk)).order_by("id"))
    assert [each.type for each in events] == ["access.sign_in.failed"] * 10 + ["access.lockout.started"]
    assert all(here.encode() not in bytes(each.body) for each in events)
    bodies = [reveal(each.body).body["data"] for each in (events[0], events[-1])]
    until = (MOMENT + lockout.COOL_OFF).isoformat()
    assert bodies == [
        {"stage": "password", "address": here, "known_browser": False},
        {"key": "address", "address": here, "until": until},
    ]


def test_a_lock_is_lifted(person: User) -> None:
    client = Client(person.username, address())
    fail(client, 10)
    rows = AccessAttempt.objects.filter(ip_address=client.address)
    identifier = rows.get().pk
    assert lockout.lockout_lift(rows=rows) == 1
    assert stands(client, MOMENT) is None
    lifted = Event.objects.get(type="access.lockout.lifted", subject_id=str(identifier))
    assert json.loads(bytes(lifted.body))["data"] == {"failures": 10}
    data = reveal(lifted.body).body["data"]
    assert data == {"name": person.username, "address": client.address, "failures": 10}
    assert lockout.lockout_lift(rows=rows) == 0


def test_what_counts_no_more_is_deleted(database: None) -> None:
    client = Client(f"nobody-{uuid4()}", address())
    fail(client, 3, clock.now() - lockout.COOL_OFF)
    lockout.forget_old()
    assert not AccessAttempt.objects.filter(ip_address=client.address).exists()


def _sign_in(browser: Browser, user: User, typed: str) -> int:
    data = {"username": user.username, "password": PASSWORD}
    status = browser.post(LOGIN, data).status_code
    return browser.post("/admin/second-factor/", {"code": typed}).status_code if status == 302 else status


def test_through_the_pages_passwords_and_codes_count_together(person: User) -> None:
    browser = Browser(REMOTE_ADDR=address())
    for _ in range(6):
        answer = browser.post(LOGIN, {"username": person.username, "password": "wrong"})
        assert answer.status_code == 200
    assert browser.post(LOGIN, {"username": person.username, "password": PASSWORD}).status_code == 302
    assert [browser.post("/admin/second-factor/", {"code": "x"}).status_code for _ in range(4)] == [200] * 3 + [429]
    locked = browser.post(LOGIN, {"username": person.username, "password": PASSWORD})
    assert (locked.status_code, locked["Retry-After"]) == (429, "1800")
    assert "Nobody signs in from here for 30 minutes" in locked.text


def test_a_browser_that_was_here_before_is_let_in_where_strangers_are_not(person: User) -> None:
    here = address()
    app = person.authenticatorapp_set.get()
    known = Browser(REMOTE_ADDR=here)
    assert _sign_in(known, person, code(app)) == 302
    known.post("/admin/logout/")
    fail(Client("whoever", here), 10, clock.now())
    assert _sign_in(Browser(REMOTE_ADDR=here), person, code(app, 1)) == 429
    assert _sign_in(known, person, code(app, 1)) == 302


def test_the_cookie_of_a_known_browser_is_signed_and_says_no_names(person: User) -> None:
    browser = Browser(REMOTE_ADDR=address())
    assert _sign_in(browser, person, code(person.authenticatorapp_set.get())) == 302
    cookie = browser.cookies[devices.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/admin/")
    assert person.username not in cookie.value
    request = browser.get("/admin/").wsgi_request
    assert devices.known(request, person.username)
    assert not devices.known(request, "somebody else")
    request.COOKIES[devices.COOKIE] = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
    assert not devices.known(request, person.username)
    request.COOKIES[devices.COOKIE] = "garbage"
    assert not devices.known(request, person.username)


def test_a_passkey_that_said_nothing_is_no_failure(person: User) -> None:
    """The button may be pressed before its script is there."""
    browser = Browser(REMOTE_ADDR=address())
    assert browser.post(LOGIN, {"username": person.username, "password": PASSWORD}).status_code == 302
    for _ in range(12):
        answer = browser.post("/admin/second-factor/", {"credential": ""})
        assert (answer.status_code, "The passkey did not answer." in answer.text) == (200, True)
    failures = AccessAttempt.objects.filter(username=person.username)
    assert not failures.exists()
    assert browser.post("/admin/second-factor/", {"credential": "{}"}).status_code == 200
    assert failures.get().failures_since_start == 1
