"""Superusers without a passkey keep production from being declared safe."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from qenex.access.checks import check_superusers
from qenex.access.models.factors import Passkey
from qenex.kernel.ids import uuid7
from tests.support.people import make_user


@pytest.fixture
def boss(database: None, settings: Any) -> User:
    """A superuser in production who has no second factor yet."""
    settings.PROFILE = "production"
    return make_user(superuser=True)


def found(user: User) -> list[str | None]:
    return [each.id for each in check_superusers(None, databases=["default"]) if f" {user.username} " in each.msg]


def give_passkey(user: User, *, confirmed: bool) -> None:
    raw = uuid7().bytes
    Passkey.objects.create(user=user, confirmed=confirmed, credential_id=raw, public_key=b"k", aaguid=uuid7())


def test_one_without_a_passkey_is_named(boss: User) -> None:
    assert found(boss) == ["qenex.E044"]
    give_passkey(boss, confirmed=False)
    assert found(boss) == ["qenex.E044"]


def test_one_with_a_passkey_one_who_left_and_everybody_else_are_not(boss: User) -> None:
    give_passkey(boss, confirmed=True)
    assert found(boss) == []
    assert found(make_user()) == []
    gone = make_user(superuser=True, is_active=False)
    assert found(gone) == []


def test_nobody_is_looked_at_without_the_database_or_outside_production(boss: User, settings: Any) -> None:
    assert check_superusers(None, databases=()) == []
    settings.PROFILE = "embedded"
    assert check_superusers(None, databases=["default"]) == []
