"""Codes are accepted once, however many try at the same moment, and wrong ones cost time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from qenex.access import lockout, mfa, sessions
from qenex.access.mfa import codes, enrolment, totp
from qenex.access.models import AuthenticatorApp, Method, RecoveryCode
from qenex.kernel import clock, context
from qenex.kernel.context import Context
from qenex.kernel.models import Event
from tests.support.people import code, make_user, with_app
from tests.support.threads import together

MOMENT = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
FROM = Context(actor="anonymous", address="198.51.100.20", method="anonymous")


@pytest.fixture
def person(database: None) -> User:
    """Somebody new."""
    return make_user()


def _events(user: User) -> list[str]:
    return list(
        Event.objects.filter(subject_type="user", subject_id=str(user.pk)).order_by("id").values_list("type", flat=True)
    )


def test_one_code_opens_one_of_two_sign_ins_at_the_same_moment(person: User) -> None:
    app = with_app(person)
    typed = code(app)
    assert sorted(map(str, together(6, lambda _: mfa.check(person, typed)))) == ["None"] * 5 + ["totp"]


def test_one_recovery_code_opens_once_at_the_same_moment(person: User) -> None:
    made = enrolment.recovery_codes_make(user=person)
    assert sorted(map(str, together(6, lambda _: mfa.check(person, made[0])))) == ["None"] * 5 + ["recovery"]
    assert enrolment.recovery_codes_left(person) == codes.COUNT - 1


def test_an_earlier_code_is_refused_after_a_later_one(person: User) -> None:
    app = with_app(person)
    with clock.frozen(MOMENT):
        assert mfa.check(person, code(app, 1)) is Method.TOTP
        assert mfa.check(person, code(app, 0)) is None
    with clock.frozen(MOMENT + timedelta(seconds=60)):
        assert mfa.check(person, code(app)) is Method.TOTP


def test_failures_cost_one_two_four_seconds_and_a_minute_at_most(person: User) -> None:
    app = with_app(person)
    now = MOMENT
    for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
        with clock.frozen(now):
            assert mfa.check(person, "000000") is None
        with clock.frozen(now + timedelta(seconds=seconds - 0.1)):
            assert mfa.check(person, code(app)) is None, "while one waits no code is looked at"
        now += timedelta(seconds=seconds)
    with clock.frozen(now):
        assert mfa.check(person, code(app)) is Method.TOTP
    app.refresh_from_db()
    assert (app.throttling_failure_count, app.throttling_failure_timestamp) == (0, None)


def test_a_pending_app_opens_nothing(person: User) -> None:
    pending = enrolment.app_begin(user=person)
    assert mfa.check(person, code(pending)) is None


def test_what_is_not_allowed_is_not_looked_at(person: User) -> None:
    app, made = with_app(person), enrolment.recovery_codes_make(user=person)
    assert mfa.check(person, code(app), allowed={Method.RECOVERY}) is None
    assert mfa.check(person, made[0], allowed={Method.TOTP}) is None
    assert mfa.check(person, code(app), allowed={Method.TOTP}) is Method.TOTP
    assert enrolment.recovery_codes_left(person) == codes.COUNT


def test_the_secret_is_sealed_and_the_codes_are_hashes(person: User) -> None:
    from django.db import connection

    app, made = with_app(person), enrolment.recovery_codes_make(user=person)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM access_authenticatorapp WHERE id = %s", [app.pk])
        stored = bytes(cursor.fetchone()[0])
    assert app.secret is not None
    assert app.secret not in stored
    assert AuthenticatorApp.objects.get(pk=app.pk).secret == app.secret
    kept = set(RecoveryCode.objects.filter(user=person).values_list("code_hash", flat=True))
    assert kept == {codes.hashed(each) for each in made}


def test_new_codes_end_the_old_ones(person: User) -> None:
    old, new = enrolment.recovery_codes_make(user=person), enrolment.recovery_codes_make(user=person)
    assert mfa.check(person, old[0]) is None
    assert mfa.check(person, new[0].lower().replace("-", " ")) is Method.RECOVERY


def test_events_name_neither_codes_nor_secrets(person: User) -> None:
    made = enrolment.recovery_codes_make(user=person)
    pending = enrolment.app_begin(user=person)
    assert enrolment.app_confirm(user=person, code=code(pending))
    mfa.check(person, made[0])
    assert _events(person) == [
        *("access.recovery_codes.made", "access.factor.begun"),
        *("access.factor.enrolled", "access.recovery_code.used"),
    ]
    said = b"".join(bytes(each.body) for each in Event.objects.filter(subject_id=str(person.pk)))
    assert pending.secret is not None
    for secret in (*made, totp.as_text(pending.secret)):
        assert secret.encode() not in said
    used = Event.objects.get(subject_id=str(person.pk), type="access.recovery_code.used")
    assert json.loads(bytes(used.body))["data"] == {"user": person.username, "left": 7}


def test_verify_counts_failures_at_the_address_and_then_looks_at_nothing(person: User) -> None:
    app = with_app(person)
    with context.acting(FROM):
        for number in range(lockout.LIMIT):
            with clock.frozen(MOMENT + timedelta(minutes=2 * number)):
                assert not mfa.verify(person, "000000")
        with clock.frozen(MOMENT + timedelta(minutes=25)):
            assert not mfa.verify(person, code(app))
        with clock.frozen(MOMENT + timedelta(minutes=2 * 9 + 30, seconds=1)):
            assert mfa.verify(person, code(app))
    assert lockout.locked(lockout.Client(person.username, FROM.address)) is None


def test_superusers_of_production_have_no_codes_of_apps(settings: Any, database: None) -> None:
    boss = make_user(superuser=True)
    app, made = with_app(boss), enrolment.recovery_codes_make(user=boss)
    settings.EMBEDDED = False
    with context.acting(FROM):
        assert not mfa.verify(boss, code(app))
        assert mfa.verify(boss, made[0])
    assert sessions.methods_of(boss) == {Method.PASSKEY, Method.RECOVERY}
    assert sessions.methods_of(make_user()) == set(Method)
