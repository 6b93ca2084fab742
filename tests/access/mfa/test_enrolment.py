"""Setting factors up, and taking them away."""

import pytest
from django.contrib.auth.models import User

from qenex.access.mfa import enrolment
from qenex.access.models import AuthenticatorApp, Ended, Method, Passkey, RecoveryCode, StaffSession
from qenex.kernel.ids import uuid7
from tests.support.marked import marked
from tests.support.people import code, make_user, staff_client, with_app


@pytest.fixture
def person(database: None) -> User:
    """Somebody new."""
    return make_user()


def make_passkey(user: User, name: str = "key") -> Passkey:
    """A passkey whose device nobody has."""
    fields = {"credential_id": uuid7().bytes, "public_key": b"x", "aaguid": "", "transports": []}
    with marked():
        passkey: Passkey = Passkey.objects.create(user=user, name=name, **fields)
    return passkey


def test_an_app_counts_once_it_has_shown_a_code(person: User) -> None:
    first = enrolment.app_begin(user=person)
    again = enrolment.app_begin(user=person)
    assert enrolment.methods(person) == frozenset()
    assert not enrolment.app_confirm(user=person, code="000000")
    AuthenticatorApp.objects.update(throttling_failure_count=0)
    assert not enrolment.app_confirm(user=person, code=code(first)), "the first secret was forgotten"
    AuthenticatorApp.objects.update(throttling_failure_count=0)
    assert enrolment.app_confirm(user=person, code=code(again))
    assert enrolment.methods(person) == {Method.TOTP}
    assert enrolment.app_pending(person) is None
    assert not enrolment.app_confirm(user=person, code=code(again, 1))


def test_a_new_app_takes_the_place_of_the_old_one(person: User) -> None:
    with_app(person)
    new = enrolment.app_begin(user=person)
    assert enrolment.app_confirm(user=person, code=code(new))
    assert [each.pk for each in AuthenticatorApp.objects.filter(user=person)] == [new.pk]


def test_the_last_factor_stays(person: User) -> None:
    app = with_app(person)
    with pytest.raises(enrolment.LastFactor):
        enrolment.factor_remove(user=person, factor=app)
    passkey = make_passkey(person)
    enrolment.factor_remove(user=person, factor=app)
    assert enrolment.methods(person) == {Method.PASSKEY}
    with pytest.raises(enrolment.LastFactor):
        enrolment.factor_remove(user=person, factor=passkey)
    enrolment.factor_remove(user=person, factor=make_passkey(person))
    assert Passkey.objects.filter(user=person).count() == 1


def test_a_superuser_of_production_keeps_a_passkey(database: None, settings: object) -> None:
    settings.EMBEDDED = False  # type: ignore[attr-defined]  # pytest-django's
    boss = make_user(superuser=True)
    with_app(boss)
    with pytest.raises(enrolment.LastFactor):
        enrolment.factor_remove(user=boss, factor=make_passkey(boss))


def test_who_has_lost_everything_begins_anew(person: User) -> None:
    with_app(person)
    make_passkey(person)
    enrolment.recovery_codes_make(user=person)
    staff_client(person)
    enrolment.factors_reset(user=person)
    assert enrolment.methods(person) == frozenset()
    assert not RecoveryCode.objects.filter(user=person).exists()
    assert StaffSession.objects.get(user=person).ended_reason == Ended.FACTOR_REMOVED
