"""Somebody gets everything that is held about him, and nothing of others'."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from compliance.privacy import kinds
from compliance.privacy.errors import PrivacyError
from compliance.privacy.exporting import subject_export
from compliance.privacy.staff import Staff
from qenex.kernel import events
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from qenex.kernel.personal import WITHHELD, reveal
from tests.support.people import make_user
from tests.support.privacy import HERE, by, erase, leaver, officer, session, subject, trace

pytestmark = pytest.mark.usefixtures("database", "erased_file")


def export(user: Any) -> dict[str, Any]:
    to = StringIO()
    with by(officer()):
        count = subject_export(subject=user, to=to)
    found: dict[str, Any] = json.loads(to.getvalue())
    assert len(found["events"]) == count
    return found


def test_it_holds_rows_and_events_with_what_was_sealed() -> None:
    user = make_user(first_name="Ada", email="ada@example.org")
    session(user, address=HERE, user_agent="Plover/7.1")
    trace(user, **{"data.note": "mine"})
    found = export(user)
    held = found["held"]
    assert (held["user"]["first_name"], held["user"]["email"]) == ("Ada", "ada@example.org")
    assert [(each["address"], each["user_agent"]) for each in held["sessions"]] == [(HERE, "Plover/7.1")]
    [event] = [each for each in found["events"] if each["type"] == "test.noted"]
    assert (event["data"], event["actor"]["address"]) == ({"note": "mine"}, HERE)
    assert {rule["data_class"] for rule in found["retention"]} >= {"traces", "people"}
    assert "password" not in json.dumps(found)


def test_what_is_others_is_withheld() -> None:
    user, admin = make_user(), make_user()
    with acting(Context(admin.pk, admin.username, HERE, "session")), transaction.atomic():
        events.emit("test.noted", subject_type="user", subject_id=user.pk, whose=subject(user), personal={"data.n": 1})
    [event] = [each for each in export(user)["events"] if each["type"] == "test.noted"]
    assert (event["actor"]["address"], event["data"]) == (WITHHELD, {"n": 1})
    assert event["actor"]["name"] == admin.username


def test_an_export_of_many_events_has_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compliance.privacy.exporting.PAGE", 3)
    user = make_user()
    for number in range(7):
        trace(user, **{"data.n": number})
    numbers = [each["data"]["n"] for each in export(user)["events"] if each["type"] == "test.noted"]
    assert numbers == list(range(7))


def test_an_export_is_told_without_naming_the_person_in_clear() -> None:
    user = make_user()
    export(user)
    event = Event.objects.filter(type="compliance.subject.exported").latest("transaction", "id")
    assert subject(user) not in bytes(event.body).decode()
    assert reveal(event.body).body["data"] == {"subject": subject(user)}


def test_of_who_was_erased_only_what_is_left_is_exported() -> None:
    user = leaver()
    trace(user, **{"data.note": "Annegret"})
    erase(user)
    text = json.dumps(export(user))
    assert "Annegret" not in text
    assert HERE not in text


def test_nobody_is_refused() -> None:
    count = Event.objects.filter(type="compliance.subject.exported").count()
    with pytest.raises(PrivacyError, match="nobody called"):
        subject_export(subject="auth.user:999999999", to=StringIO())
    assert Event.objects.filter(type="compliance.subject.exported").count() == count


def test_the_command_writes_a_file_for_its_caller_alone(tmp_path: Path) -> None:
    user = make_user(first_name="Ada")
    path = tmp_path / "ada.json"
    call_command("subject_export", user.username, "--output", str(path), "--reason", "12/26", stderr=StringIO())
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["held"]["user"]["first_name"] == "Ada"
    with pytest.raises(CommandError, match="File exists"):
        call_command("subject_export", user.username, "--output", str(path))
    said = StringIO()
    call_command("subject_export", subject(user), stdout=said)
    assert json.loads(said.getvalue())["subject"] == subject(user)
    with pytest.raises(CommandError, match="nobody called"):
        call_command("subject_export", "nobody-at-all", stdout=said)


def test_a_prefix_belongs_to_one_kind() -> None:
    class Other(Staff):
        """Somebody else's users."""

    kinds.register(Staff())
    with pytest.raises(ValueError, match="registered already"):
        kinds.register(Other())
    assert type(kinds.of("auth.user:7")) is Staff
