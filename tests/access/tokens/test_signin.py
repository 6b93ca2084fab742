"""Signing in over HTTP with password and second factor: what is wrong, nobody learns."""

import secrets
import time
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access import lockout
from qenex.access.mfa.enrolment import recovery_codes_make
from qenex.access.models import AuthenticatorApp, Person, TokenFamily
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from tests.access.tokens.conftest import PASSWORD, Ask, code
from tests.support.forgery import parts
from tests.support.marked import marked
from tests.support.people import code as shown
from tests.support.people import with_app

URL = "/api/v1/auth/token"
REFUSED = (401, "authentication_failed")


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    """Refusals are not made to wait but where that is what is tested."""
    settings.TOKEN_REFUSAL_SECONDS = 0


@pytest.fixture
def app(person: User) -> AuthenticatorApp:
    """The person's authenticator app."""
    return with_app(person)


@pytest.fixture
def address() -> str:
    """One that nobody else fails from."""
    return str(ip_address(f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"))


@pytest.fixture
def sign_in(address: str) -> Any:
    """`sign_in(username, password, otp)` from an address of the test's own."""

    def send(username: Any, password: Any, otp: Any = None, **more: Any) -> Any:
        body = {"username": username, "password": password, **({} if otp is None else {"otp": otp}), **more}
        client = Client(REMOTE_ADDR=address, enforce_csrf_checks=True, headers={"User-Agent": "tests/1"})
        return client.post(URL, body, "application/json")

    return send


def wrong(app: AuthenticatorApp) -> str:
    """Six digits that the app does not show."""
    near = {shown(app, steps) for steps in range(-2, 3)}
    return next(each for each in ("000000", "111111", "222222", "333333", "444444", "555555") if each not in near)


@pytest.mark.smoke
def test_password_and_code_are_answered_with_tokens(
    person: User, app: AuthenticatorApp, sign_in: Any, ask: Ask, address: str
) -> None:
    answer = sign_in(person.username, PASSWORD, shown(app))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    tokens = answer.json()
    assert code(ask(tokens["access"])) == (200, None)
    claims = parts(tokens["access"])[1]
    assert claims["sub"] == str(person.pk)
    family = TokenFamily.objects.get(pk=claims["sid"])
    assert (family.method, family.address, family.user_agent) == ("password", address, "tests/1")
    person.refresh_from_db()
    assert person.last_login == family.created_at


def test_a_recovery_code_is_a_second_factor_once(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    recovery, *_ = recovery_codes_make(user=person)
    assert sign_in(person.username, PASSWORD, recovery).status_code == 200
    assert code(sign_in(person.username, PASSWORD, recovery)) == REFUSED


def test_a_code_is_accepted_once(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    used = shown(app)
    assert sign_in(person.username, PASSWORD, used).status_code == 200
    assert code(sign_in(person.username, PASSWORD, used)) == REFUSED
    assert TokenFamily.objects.filter(user=person).count() == 1


@pytest.mark.parametrize("otp", [None, ""])
def test_without_a_code_nothing_is_looked_at(
    person: User, app: AuthenticatorApp, sign_in: Any, otp: str | None
) -> None:
    answers = [
        sign_in(username, password, otp)
        for username in (person.username, f"nobody-{uuid7()}")
        for password in (PASSWORD, "a wrong password")
        for _ in range(6)
    ]
    assert {code(each) for each in answers} == {(401, "second_factor_required")}
    assert {each["WWW-Authenticate"] for each in answers} == {"Bearer"}
    assert len({_told(each) for each in answers}) == 1
    assert sign_in(person.username, PASSWORD, shown(app)).status_code == 200  # none of it was a failure


def _told(answer: Any) -> str:
    """The answer without what differs for every request."""
    return str({name: value for name, value in answer.json().items() if name != "instance"})


def test_whatever_is_wrong_the_answer_is_the_same(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    with marked():
        inactive = User.objects.create(username=f"u{uuid7().hex}", password=person.password, is_active=False)
        factorless = User.objects.create(username=f"u{uuid7().hex}", password=person.password)
    answers = [
        sign_in(f"nobody-{uuid7()}", PASSWORD, shown(app)),
        sign_in(person.username, "a wrong password", shown(app)),
        sign_in(person.username, PASSWORD, wrong(app)),
        sign_in(person.username, PASSWORD, "no code at all"),
        sign_in(inactive.username, PASSWORD, shown(with_app(inactive))),
        sign_in(factorless.username, PASSWORD, "123456"),
    ]
    assert {code(each) for each in answers} == {REFUSED}
    assert len({_told(each) for each in answers}) == 1
    headers = [{name: value for name, value in each.items() if name != "X-Request-ID"} for each in answers]
    assert all(each == headers[0] for each in headers)
    assert TokenFamily.objects.filter(user__in=[person, inactive, factorless]).count() == 0


def test_a_wrong_password_uses_no_code_up(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    recovery, *_ = recovery_codes_make(user=person)
    assert code(sign_in(person.username, "a wrong password", recovery)) == REFUSED
    assert code(sign_in(person.username, "a wrong password", shown(app))) == REFUSED
    assert sign_in(person.username, PASSWORD, recovery).status_code == 200


def test_refusals_take_the_same_time(person: User, app: AuthenticatorApp, sign_in: Any, settings: Any) -> None:
    settings.TOKEN_REFUSAL_SECONDS = 0.5

    def seconds(*given: str) -> float:
        started = time.perf_counter()
        assert code(sign_in(*given)) == REFUSED
        return time.perf_counter() - started

    taken = [
        seconds(f"nobody-{uuid7()}", PASSWORD, "123456"),
        seconds(person.username, "a wrong password", shown(app)),
        seconds(person.username, PASSWORD, wrong(app)),
    ]
    assert all(each >= 0.5 for each in taken)


def _fail(sign_in: Any, times: int, *given: str) -> list[tuple[int, str | None]]:
    return [code(sign_in(*given)) for _ in range(times)]


def test_failures_of_either_factor_lock_out_alike(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    by_code = _fail(sign_in, lockout.LIMIT, person.username, PASSWORD, wrong(app))
    assert by_code == [REFUSED] * (lockout.LIMIT - 1) + [(429, "locked_out")]
    answer = sign_in(person.username, PASSWORD, shown(app))
    assert code(answer) == (429, "locked_out")
    assert 1 <= int(answer["Retry-After"]) <= 1_800
    assert TokenFamily.objects.filter(user=person).count() == 0
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert sign_in(person.username, PASSWORD, shown(app)).status_code == 200


@pytest.mark.parametrize("known", [True, False])
def test_wrong_passwords_lock_out_names_that_exist_and_names_that_do_not(
    person: User, app: AuthenticatorApp, sign_in: Any, known: bool
) -> None:
    name = person.username if known else f"nobody-{uuid7()}"
    by_password = _fail(sign_in, lockout.LIMIT, name, "a wrong password", shown(app))
    assert by_password == [REFUSED] * (lockout.LIMIT - 1) + [(429, "locked_out")]


def test_who_is_locked_out_there_is_not_locked_out_here(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    _fail(sign_in, lockout.LIMIT, person.username, "a wrong password", "123456")
    body = {"username": person.username, "password": PASSWORD, "otp": shown(app)}
    elsewhere = Client(REMOTE_ADDR=f"198.51.100.{uuid7().int % 250 + 1}").post(URL, body, "application/json")
    assert elsewhere.status_code == 200


def test_success_forgets_the_failures_before_it(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    for step in range(2):
        with clock.frozen(clock.now() + timedelta(minutes=step)):
            _fail(sign_in, lockout.LIMIT - 1, person.username, "a wrong password", "123456")
            assert sign_in(person.username, PASSWORD, shown(app)).status_code == 200


def test_a_password_that_somebody_else_has_set_opens_nothing(person: User, app: AuthenticatorApp, sign_in: Any) -> None:
    with marked():
        Person.objects.create(user=person, password_due=True)
    answer = sign_in(person.username, PASSWORD, shown(app))
    assert code(answer) == REFUSED
    assert answer.json()["detail"] == "The password was set by somebody else: change it in the back office first."
    assert TokenFamily.objects.filter(user=person).count() == 0


def test_outside_the_embedded_profile_a_superusers_app_is_no_second_factor(
    person: User, app: AuthenticatorApp, sign_in: Any, settings: Any
) -> None:
    with marked():
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    settings.EMBEDDED = False
    assert code(sign_in(person.username, PASSWORD, shown(app))) == REFUSED
    recovery, *_ = recovery_codes_make(user=person)
    assert sign_in(person.username, PASSWORD, recovery).status_code == 200


BODIES: dict[str, dict[str, Any]] = {
    "no password": {"username": "x", "otp": "1"},
    "a number": {"username": 7, "password": "x", "otp": "1"},
    "a list": {"username": ["x"], "password": "x", "otp": "1"},
    "a number for a code": {"username": "x", "password": "x", "otp": 123456},
    "a long password": {"username": "x", "password": "x" * 1_025, "otp": "1"},
    "a long code": {"username": "x", "password": "x", "otp": "1" * 65},
    "an unknown field": {"username": "x", "password": "x", "otp": "1", "remember": True},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_that_are_not_as_described(database: None, body: dict[str, Any]) -> None:
    assert code(Client().post(URL, body, "application/json")) == (400, "invalid")


@pytest.mark.parametrize("text", ["\u202e\u0000", "\u00e9" * 150, "' OR 1=1 --", "\U0001f600", " ", "../../etc/passwd"])
def test_any_text_is_refused_and_breaks_nothing(database: None, sign_in: Any, text: str) -> None:
    for given in ((text, PASSWORD, "123456"), ("x", text, "123456"), ("x", PASSWORD, text)):
        assert code(sign_in(*given))[0] in (400, 401)


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_a_form_of_another_site_signs_nobody_in(database: None, content_type: str) -> None:
    assert code(Client().generic("POST", URL, "username=x", content_type)) == (415, "unsupported_media_type")
