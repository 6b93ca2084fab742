"""Superusers without a passkey keep production from being declared safe; tokens that outlive their keys, everything."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from qenex.access.checks import check_superusers, check_token_lives
from qenex.access.models.factors import Passkey
from qenex.kernel.ids import uuid7
from tests.support.marked import marked
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
    with marked():
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


@pytest.mark.parametrize(
    ("hours", "minutes", "named"),
    [
        (8, 15, []),
        (48, 48 * 60, []),
        (1, 60, []),
        (49, 15, ["QENEX_TOKEN_HOURS=49"]),
        (0, 15, ["QENEX_TOKEN_HOURS=0"]),
        (-1, 0, ["QENEX_TOKEN_HOURS=-1", "QENEX_TOKEN_MINUTES=0"]),
        (8, 8 * 60 + 1, ["QENEX_TOKEN_MINUTES=481"]),
        (8, 0, ["QENEX_TOKEN_MINUTES=0"]),
    ],
)
def test_no_token_outlives_its_key_or_its_sign_in(settings: Any, hours: int, minutes: int, named: list[str]) -> None:
    settings.TOKEN_HOURS, settings.TOKEN_MINUTES = hours, minutes
    errors = check_token_lives(None)
    assert [each.id for each in errors] == ["qenex.E046"] * len(named)
    assert [each.msg.split()[-1] for each in errors] == [f"{name}." for name in named]


def test_commands_do_not_start_with_such_a_setting(settings: Any) -> None:
    settings.TOKEN_HOURS = 1_000
    with pytest.raises(SystemCheckError, match="E046"):
        call_command("check")


def test_the_longest_token_that_a_command_makes_is_within_the_limit(settings: Any) -> None:
    settings.TOKEN_MINUTES, settings.TOKEN_HOURS = settings.TOKEN_COMMAND_MINUTES, 48
    assert check_token_lives(None) == []
