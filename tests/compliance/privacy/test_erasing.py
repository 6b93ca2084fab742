"""Somebody is erased: nothing of him can be read, every proof still holds, and the log does not say who it was."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from compliance.models import Erasure
from compliance.privacy import tombstones
from compliance.privacy.erasing import erasure_carry_out, subject_erase
from compliance.privacy.errors import Held, NotReady, PrivacyError, StillKept
from compliance.privacy.holds import hold_place
from compliance.trail import merkle
from compliance.trail.entry import event_leaf
from qenex.access import approvals
from qenex.access.apikeys import apikey_create
from qenex.access.models import ApiKey, Approval, Passkey, RecoveryCode, TokenFamily
from qenex.access.tokens import family_start
from qenex.kernel import clock
from qenex.kernel.context import acting, task
from qenex.kernel.models import Event
from qenex.kernel.personal import ERASED, reveal
from qenex.vault.models import DataKey
from tests.support.dump import dump, shows
from tests.support.marked import TYPE, marked
from tests.support.people import make_user, with_app
from tests.support.privacy import HERE, ask, by, erase, leaver, officer, session, subject, trace

pytestmark = pytest.mark.usefixtures("database", "erased_file")


@pytest.fixture
def gone() -> User:
    return leaver()


def leaf(event: Event) -> bytes:
    return event_leaf(event.transaction, bytes(event.body))


def test_every_proof_of_every_event_is_what_it_was(gone: User) -> None:
    written = [trace(gone, **{"data.note": f"Annegret {number}"}) for number in range(7)]
    leaves = [leaf(event) for event in written]
    hashes = [merkle.leaf_hash(each) for each in leaves]
    root = merkle.root(leaves)
    proofs = [merkle.inclusion_proof(index, hashes) for index in range(7)]
    erase(gone)
    after = [merkle.leaf_hash(leaf(Event.objects.get(pk=event.pk))) for event in written]
    assert after == hashes
    assert all(merkle.verify_inclusion(after[index], index, 7, proofs[index], root) for index in range(7))


def test_nothing_of_the_person_can_be_read_any_more(gone: User) -> None:
    event = trace(gone, **{"data.note": "Annegret", "changes.email": {"before": "a@b.example", "after": None}})
    assert reveal(event.body).body["actor"]["address"] == HERE
    erasure = erase(gone)
    shown = reveal(event.body)
    assert shown.erased == ("actor.address", "changes.email", "data.note")
    assert (shown.body["actor"]["address"], shown.body["data"]) == (ERASED, {"note": ERASED})
    gone.refresh_from_db()
    assert (gone.first_name, gone.last_name, gone.email, gone.has_usable_password()) == ("", "", "", False)
    keys = DataKey.objects.filter(subject__startswith=subject(gone))
    assert [key.wrapped for key in keys] == [None] * keys.count()
    assert (erasure.keys, erasure.subject) == (keys.count(), "")


def test_a_dump_holds_nothing_of_the_person(gone: User) -> None:
    marks = {"first_name": "Xyzzyne-Annegret", "email": "plugh@xyzzy.example"}
    for name, value in marks.items():
        setattr(gone, name, value)
    with marked():
        gone.save()
    open_session = session(gone, user_agent="Plover/7.1 of a test", address="198.51.100.99")
    trace(gone, **{"data.note": "Frobozz the magician"})
    assert shows(dump(), "Xyzzyne-Annegret")
    erase(gone)
    dumped = dump()
    for secret in (*marks.values(), "Plover/7.1 of a test", "198.51.100.99", "Frobozz the magician"):
        assert shows(dumped, secret) == []
    open_session.refresh_from_db()
    assert (open_session.ended_reason, open_session.ended_by) == ("deactivated", None)


def test_what_is_open_ends_and_factors_go(gone: User) -> None:
    gone.is_active = True
    with marked():
        gone.save()
    with_app(gone)
    with marked():
        RecoveryCode.objects.create(user=gone, code_hash="x", created_at=clock.now())
    family = family_start(user=gone, method="password", user_agent="curl")
    with acting(task("test")):
        key = apikey_create(owner=gone, name="p", scopes=["kernel.view_event"]).key
    with marked():
        User.objects.filter(pk=gone.pk).update(is_active=False, last_login=clock.now() - timedelta(days=499))
    erase(gone)
    row = TokenFamily.objects.get(pk=family.family)
    assert (row.ended_reason, row.address, row.user_agent, row.refresh_hash) == ("deactivated", None, "", None)
    stored = ApiKey.objects.get(pk=key.pk)
    assert (stored.revoked_at is not None, stored.secrets.filter(retired_at=None).count()) == (True, 0)
    assert not RecoveryCode.objects.filter(user=gone).exists()
    assert not Passkey.objects.filter(user=gone).exists()


def test_no_event_row_or_request_of_the_erasure_names_the_person(gone: User) -> None:
    trace(gone, **{"data.note": "Annegret"})
    keys = [str(pk) for pk in DataKey.objects.filter(subject__startswith=subject(gone)).values_list("pk", flat=True)]
    last = Event.objects.latest("transaction", "id")
    erasure = erase(gone)
    written = Event.objects.filter(transaction__gt=last.transaction)
    types = sorted({event.type for event in written} - {"vault.data_key.made", TYPE})
    assert types == [
        *("access.approval.executed", "access.approval.requested"),
        *("compliance.erasure.asked", "compliance.subject.erased"),
    ]
    linking = [gone.username, f'"{gone.pk}"', f":{gone.pk},", subject(gone), *keys]
    for event in written:
        assert [each for each in linking if each in bytes(event.body).decode()] == []
        assert event.subject_id != str(gone.pk)
    [told] = [json.loads(bytes(event.body)) for event in written if event.type == "compliance.subject.erased"]
    assert told["subject"] == {"type": "erasure", "id": str(erasure.pk)}
    assert (told["data"]["ground"], told["data"]["keys"], told["reason"]) == ("withdrawn", erasure.keys, "")
    request = Approval.objects.get(command="compliance.subject.erase", result=str(erasure.pk))
    assert json.loads(bytes(request.payload)) == {"erasure": str(erasure.pk)}
    assert subject(gone) not in bytes(request.difference).decode()


def test_the_hash_of_the_request_cannot_be_guessed_from_the_users_number(gone: User) -> None:
    asked = ask(gone, officer())
    guesses = [
        f'{{"subject":"{subject(gone)}"}}',
        f'{{"erasure":"{subject(gone)}"}}',
        f'{{"user":{gone.pk}}}',
    ]
    hashed = bytes(asked.payload_hash)
    for guess in guesses:
        assert hashlib.sha256(f"qenex:approval:v1\ncompliance.subject.erase\n{guess}".encode()).digest() != hashed
    number = Erasure.objects.get(subject=subject(gone)).pk
    assert number.version == 4  # random, and not of the moment


def test_it_takes_two(gone: User) -> None:
    first = officer()
    asked = ask(gone, first)
    with by(first), pytest.raises(approvals.OwnRequest):
        approvals.approve(approval=asked.pk, by=first)
    pending = Erasure.objects.get(subject=subject(gone))
    with by(first), pytest.raises(approvals.ApprovalRequired):
        erasure_carry_out(erasure=pending.pk)
    gone.refresh_from_db()
    assert gone.first_name == "Annegret"
    with pytest.raises(IntegrityError, match="erasure_two_people_or_the_system"), transaction.atomic():
        Erasure.objects.filter(pk=pending.pk).update(done_at=clock.now(), done_by=first, keys=1, subject="")


def test_a_finished_erasure_names_nobody_and_stays() -> None:
    erasure = erase(leaver())
    for statement in ("UPDATE compliance_erasure SET subject = 'x'", "UPDATE compliance_erasure SET done_at = NULL"):
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(f"{statement} WHERE id = %s", [erasure.pk])  # two constants of this test
    assert Erasure.objects.get(pk=erasure.pk).subject == ""


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"is_active": True}, NotReady, "Deactivate the user first"),
        ({"date_joined": clock.now() - timedelta(days=10)}, StillKept, "must be kept until .*365 days"),
    ],
)
def test_too_early_is_refused(fields: dict[str, Any], error: type[PrivacyError], text: str) -> None:
    user = leaver(**fields)
    event = trace(user, **{"data.note": "Annegret"})
    with by(officer()), pytest.raises(error, match=text):
        subject_erase(subject=user, reason="withdrawn")
    user.refresh_from_db()
    assert (user.first_name, reveal(event.body).erased) == ("Annegret", ())
    assert not Erasure.objects.filter(subject=subject(user)).exists()


def test_a_legal_hold_stands_against_it_even_after_the_request(gone: User) -> None:
    asked = ask(gone, officer())
    with by(officer()):
        hold_place(subject=gone, reason="case 12/26")
    with by(officer()), pytest.raises(Held, match=r"A legal hold of .* keeps this data until it is lifted"):
        subject_erase(subject=gone, reason="withdrawn")
    second = officer()
    with by(second):
        done = approvals.approve(approval=asked.pk, by=second)
    assert (done.status, done.code) == ("failed", "legal_hold")
    gone.refresh_from_db()
    assert gone.first_name == "Annegret"


@pytest.mark.parametrize("reason", ["", "Annegret Zwickmeier has asked for it"])
def test_a_ground_is_chosen_and_not_written(gone: User, reason: str) -> None:
    with by(officer()), pytest.raises(PrivacyError, match="from the list"):
        subject_erase(subject=gone, reason=reason)


def test_nobody_and_who_was_erased_are_refused(gone: User) -> None:
    with by(officer()), pytest.raises(PrivacyError, match="nobody called"):
        subject_erase(subject="auth.user:999999999", reason="withdrawn")
    erase(gone)
    with by(officer()), pytest.raises(PrivacyError, match="erased before"):
        subject_erase(subject=gone, reason="withdrawn")


def test_a_subject_of_no_kind_has_its_keys_destroyed() -> None:
    from qenex.vault.personal import SEALER

    name = f"test.party:{clock.now().timestamp()}"
    sealed = SEALER.seal(b"x", event=make_event().pk, subject=name)
    assert sealed is not None
    assert erase(name).keys == 1
    assert DataKey.objects.get(pk=sealed.key).wrapped is None


def make_event() -> Event:
    return trace(make_user())


def test_the_system_needs_nobody_else(gone: User) -> None:
    with acting(task("retention")):
        erasure = subject_erase(subject=gone, reason="retention")
    assert (erasure.done_at is not None, erasure.asked_by, erasure.done_by) == (True, None, None)


def test_an_erasure_is_written_down_outside_the_database(gone: User, erased_file: Path) -> None:
    erasure = erase(gone)
    assert erased_file.stat().st_mode & 0o777 == 0o600
    register = tombstones.read(erased_file)
    [stone] = register.tombstones
    assert (stone.erasure, stone.digest) == (erasure.pk, register.digest(subject(gone)))
    assert subject(gone) not in erased_file.read_text()


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text in ("", "no", '{"salt": "00"}\n{"erasure": 1}'):
        path.write_text(text)
        with pytest.raises(PrivacyError, match=r"is empty|is no list"):
            tombstones.read(path)
