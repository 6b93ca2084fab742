"""What a first run leaves behind keeps production from being declared safe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from qenex.embedded import checks, tls
from qenex.kernel.ids import uuid7
from tests.support.marked import marked


@pytest.fixture
def production(settings: Any, database: None) -> None:
    """The profile, with the test's own database."""
    settings.PROFILE = "production"


@pytest.fixture
def boss(database: None) -> Iterator[User]:
    """A superuser who is gone after the test, for the check looks at all of them."""
    with marked():
        user = User.objects.create(username=f"u{uuid7().hex}", is_superuser=True, is_staff=True)
    yield user
    with marked():
        user.delete()


def people(databases: tuple[str, ...] = ("default",)) -> list[tuple[str | None, str]]:
    return [(each.id, each.msg) for each in checks.check_people(None, databases=databases)]


def about(user: User) -> list[tuple[str | None, str]]:
    """What is found of this user; other tests have superusers of their own."""
    return [each for each in people() if user.username in each[1]]


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("password", ["changeme", "qenex", "NAME"])
def test_a_default_password_of_a_superuser_is_found(boss: User, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SUPERUSERS", 1)
    boss.set_password(boss.username if password == "NAME" else password)
    with marked():
        boss.save()
    before = User.objects.get(pk=boss.pk).password
    assert about(boss) == [("qenex.E043", f"The superuser {boss.username} has a default password.")]
    assert User.objects.get(pk=boss.pk).password == before


@pytest.mark.usefixtures("production")
def test_a_password_of_one_s_own_and_none_at_all_are_fine(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SUPERUSERS", 1)
    for password in ("rather-my-own-thing", None):
        boss.set_password(password)
        with marked():
            boss.save()
        assert about(boss) == []


@pytest.mark.usefixtures("production")
def test_the_demo_s_user_is_found_while_it_may_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SUPERUSERS", 0)  # nobody's password is tried, which takes its time
    with marked():
        demo, made = User.objects.get_or_create(username="demo")
    try:
        with marked():
            User.objects.filter(pk=demo.pk).update(is_active=True)
        assert ("qenex.E042", "The user demo of the demo may sign in.") in people()
        with marked():
            User.objects.filter(pk=demo.pk).update(is_active=False)
        assert "qenex.E042" not in dict(people())
    finally:
        with marked():
            User.objects.filter(pk=demo.pk).update(is_active=demo.is_active)
        if made:
            with marked():
                demo.delete()


def test_without_the_database_or_outside_production_nobody_is_looked_at(settings: Any) -> None:
    """No database is unblocked here."""
    settings.PROFILE = "production"
    assert people(()) == []
    settings.PROFILE = "embedded"
    assert people() == []


def test_a_certificate_that_cannot_be_shown_is_found(settings: Any, tmp_path: Path) -> None:
    settings.TLS_CERT = settings.TLS_KEY = ""
    assert checks.check_certificate(None) == []
    identity = tls.development(tmp_path)
    settings.TLS_CERT, settings.TLS_KEY = str(identity.certificate), str(identity.key)
    assert checks.check_certificate(None) == []
    identity.key.unlink()
    [found] = checks.check_certificate(None)
    assert (found.id, found.msg) == ("qenex.E045", f"{identity.key}: No such file or directory.")
