"""A backup brings the keys back, and with them the data: the list outside the database sends both away again."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import DjangoDbBlocker

from compliance.privacy.holds import hold_place
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from qenex.vault import keyring
from qenex.vault.models import DataKey
from tests.support.marked import marked
from tests.support.privacy import by, erase, leaver, officer, subject, trace
from tests.support.vault import own_database

pytestmark = pytest.mark.usefixtures("erased_file")


@pytest.fixture(autouse=True)
def place(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of the test's own: a command for all users is run in it."""
    with django_db_blocker.unblock(), own_database():
        yield


class Backup:
    """Somebody's row and keys as they were, to be written over what is there now as a restore does."""

    def __init__(self, user: User) -> None:
        self.user = User.objects.get(pk=user.pk)
        self.keys = list(DataKey.objects.filter(subject__startswith=subject(user)))

    def restore(self) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE vault_datakey DISABLE TRIGGER USER")
            for key in self.keys:
                cursor.execute(
                    "UPDATE vault_datakey SET wrapped = %s, shredded_at = NULL WHERE id = %s",
                    [bytes(key.wrapped or b""), key.pk],
                )
            cursor.execute("DELETE FROM vault_datakey WHERE purpose = 'erased'")
            cursor.execute("ALTER TABLE vault_datakey ENABLE TRIGGER USER")
        with marked():
            self.user.save()
        keyring.forget()


@pytest.fixture
def restored() -> tuple[User, Event]:
    """Somebody who was erased, and is back."""
    user = leaver()
    event = trace(user, **{"data.note": "Annegret"})
    backup = Backup(user)
    erase(user)
    assert reveal(event.body).erased == ("actor.address", "data.note")
    backup.restore()
    return user, event


def test_a_restored_table_of_keys_opens_what_was_erased(restored: tuple[User, Event]) -> None:
    user, event = restored
    assert reveal(event.body).body["data"] == {"note": "Annegret"}
    assert User.objects.get(pk=user.pk).first_name == "Annegret"


def test_erasing_again_sends_it_away(restored: tuple[User, Event]) -> None:
    user, event = restored
    with marked():
        User.objects.filter(pk=user.pk).update(is_active=True)
    bystander = leaver(first_name="Ben")
    said = StringIO()
    call_command("privacy_reapply", "--dry-run", stdout=said)
    assert reveal(event.body).erased == ()
    call_command("privacy_reapply", stdout=said)
    assert said.getvalue().splitlines() == [
        "1 erasures are known; 1 are back.",
        "1 erasures are known; 1 were erased again.",
    ]
    assert reveal(event.body).erased == ("actor.address", "data.note")
    user.refresh_from_db()
    assert (user.first_name, user.is_active) == ("", False)
    assert User.objects.get(pk=bystander.pk).first_name == "Ben"
    call_command("privacy_reapply", stdout=said)
    assert said.getvalue().splitlines()[-1] == "1 erasures are known; 0 were erased again."


def test_a_hold_of_the_backup_stands_against_it_and_is_reported(restored: tuple[User, Event]) -> None:
    user, event = restored
    with by(officer()):
        hold_place(subject=user, reason="case 5/26")
    with pytest.raises(CommandError, match=r"Not erased: auth.user:.*legal hold"):
        call_command("privacy_reapply", stdout=StringIO())
    assert reveal(event.body).erased == ()


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("privacy_reapply", "--file", tmp_path / "nothing")
