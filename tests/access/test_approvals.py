"""A command that takes two people is carried out once, exactly as it was asked for, by nobody alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from qenex.access import approvals
from qenex.access.approvals import payload as payloads
from qenex.access.approvals import registry
from qenex.access.approvals.rules import executing
from qenex.access.models import Approval, BookScope
from qenex.kernel import clock, context
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from qenex.kernel.versions import Stale
from tests.kernel.conftest import make_user
from tests.support.approvals import (
    DOER,
    NOTE,
    Broken,
    asked,
    by,
    checker,
    events_of,
    maker,
    note_write,
    notes,
    policy,
)
from tests.support.marked import marked

pytestmark = pytest.mark.usefixtures("database")


def new() -> str:
    return uuid4().hex


def status(approval: Approval) -> str:
    return Approval.objects.get(pk=approval.pk).status


# --- asking


def test_without_a_policy_nobody_is_asked() -> None:
    with by(maker()):
        note_write(id=(id := new()), text="hello")
    assert notes(id) == 1


def test_with_a_policy_the_service_refuses_and_tells_what_to_ask_for() -> None:
    id = new()
    with policy(), by(maker()), pytest.raises(approvals.ApprovalRequired) as caught:
        note_write(id=id, text="hello")
    needed = caught.value
    assert (needed.command, needed.payload, needed.key) == (NOTE, {"id": id, "text": "hello"}, id)
    assert notes(id) == 0


@pytest.mark.parametrize(
    ("circumstances", "free"),
    [
        (Context(), True),
        (Context(actor="holds_expire", method="task"), True),
        (Context(actor="ledger_import", method="command"), False),
        (Context(actor_id=1, actor="x", method="internal"), False),
        (Context(actor="anonymous", method="anonymous"), False),
    ],
)
def test_only_the_system_itself_is_exempt(circumstances: Context, free: bool) -> None:
    assert approvals.exempt(circumstances) is free
    id = new()
    with policy(), acting(circumstances):
        if free:
            note_write(id=id, text="hello")
        else:
            with pytest.raises(approvals.ApprovalRequired):
                note_write(id=id, text="hello")
    assert notes(id) == int(free)


def test_an_inactive_policy_and_one_of_another_book_ask_nobody() -> None:
    with policy(active=False), policy(book_id=uuid4()), by(maker()):
        note_write(id=(id := new()), text="hello")
    assert notes(id) == 1


def test_a_request_is_stored_as_canonical_bytes_with_their_hash() -> None:
    ann, id = maker(), new()
    with policy(expires_after=timedelta(hours=2)):
        made = asked(ann, id)
    row = Approval.objects.get(pk=made.pk)
    stored = f'{{"id":"{id}","text":"hello"}}'.encode()
    assert bytes(row.payload) == stored
    assert bytes(row.payload_hash) == payloads.digest(NOTE, stored)
    assert (row.status, row.requester, row.reason, row.permissions) == ("pending", ann, "why not", [DOER])
    assert row.expires_at - row.created_at == timedelta(hours=2)
    assert bytes(row.difference) == b'{"changes":[["text","","hello"]],"facts":[],"headline":"Writes a note"}'
    assert events_of(row.pk) == [("requested", ann.username)]
    event = Event.objects.get(subject_id=str(row.pk))
    assert f'"payload_hash":"{bytes(row.payload_hash).hex()}"'.encode() in bytes(event.body)


def test_a_repetition_is_the_same_request_and_nothing_else_gets_its_key() -> None:
    ann, ben, id = maker(), maker(), new()
    first = asked(ann, id)
    assert asked(ann, id).pk == first.pk
    for user, text in ((ann, "bye"), (ben, "hello")):
        with pytest.raises(approvals.Reused):
            asked(user, id, text)
    assert Approval.objects.filter(key=id).count() == 1


@pytest.mark.parametrize("who", ["nobody", "a stranger", "somebody disabled"])
def test_only_who_may_do_it_may_ask_for_it(who: str) -> None:
    people: dict[str, Callable[[], User | None]] = {
        "nobody": lambda: None,
        "a stranger": make_user,
        "somebody disabled": lambda: make_user(DOER, is_active=False),
    }
    user, id = people[who](), new()
    with (
        acting(Context(actor_id=user.pk if user else None, actor="x", method="token")),
        pytest.raises(approvals.NotAllowed),
    ):
        approvals.request(command=NOTE, payload={"id": id, "text": "hello"}, key=id)
    assert not Approval.objects.filter(key=id).exists()


# --- deciding


@pytest.mark.smoke
def test_an_approval_carries_out_the_payload_for_its_requester() -> None:
    ann, bea, id = maker(), checker(), new()
    with policy():
        made = asked(ann, id)
        with by(bea):
            done = approvals.approve(approval=made.pk, by=bea, comment="fine")
    assert (done.status, done.approver_id, done.result, done.comment) == ("executed", bea.pk, id, "fine")
    assert notes(id) == 1
    written = Event.objects.get(type="test.note.written", subject_id=id)
    assert (written.actor_id, written.actor) == (bea.pk, bea.username)
    told = json.loads(bytes(written.body))["actor"]
    assert told["on_behalf_of"] == {"id": ann.pk, "name": ann.username}
    assert b'"method":"approval"' in bytes(written.body)
    assert b'"reason":"why not"' in bytes(written.body)
    assert events_of(made.pk) == [("requested", ann.username), ("executed", bea.username)]


def test_approving_again_answers_the_same_and_does_nothing() -> None:
    bea, id = checker(), new()
    made = asked(maker(), id)
    first, again = (approvals.approve(approval=made.pk, by=bea, version=1) for _ in range(2))
    assert (first.status, again.status, first.decided_at) == ("executed", "executed", again.decided_at)
    assert notes(id) == 1
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=made.pk, by=checker())


@pytest.mark.smoke
def test_nobody_decides_about_his_own_request_not_even_a_superuser() -> None:
    root, id = make_user(is_staff=True, is_superuser=True), new()
    made = asked(root, id)
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(approvals.OwnRequest):
            decide(approval=made.pk, by=root, comment="me")
    assert (status(made), notes(id)) == ("pending", 0)


def test_a_key_of_the_requester_is_the_requester() -> None:
    ann, id = make_user(*("access.check_approval", DOER)), new()
    with by(ann, "signature"):
        made = approvals.request(command=NOTE, payload={"id": id, "text": "hello"}, key=id)
    with by(ann, "session"), pytest.raises(approvals.OwnRequest):
        approvals.approve(approval=made.pk, by=ann)
    assert notes(id) == 0


@pytest.mark.parametrize("permissions", [(), (DOER,), ("access.check_approval",)])
def test_a_checker_needs_both_permissions(permissions: tuple[str, ...]) -> None:
    made = asked(maker(), id := new())
    user = make_user(*permissions)
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(approvals.NotAllowed):
            decide(approval=made.pk, by=user, comment="")
    assert (status(made), notes(id)) == ("pending", 0)


def test_a_policy_names_the_checkers_permission() -> None:
    with policy(permission="access.change_approvalpolicy"):
        made = asked(maker(), id := new())
    with pytest.raises(approvals.NotAllowed, match=r"access\.change_approvalpolicy"):
        approvals.approve(approval=made.pk, by=checker())
    user = make_user("access.check_approval", "access.change_approvalpolicy")
    assert approvals.approve(approval=made.pk, by=user).status == "executed"
    assert notes(id) == 1


def test_a_permission_that_was_lost_meanwhile_counts() -> None:
    ann, bea = maker(), checker()
    made, id = asked(ann, id := new()), id
    stale_bea = User.objects.get(pk=bea.pk)
    assert stale_bea.has_perm(DOER)
    with marked():
        bea.user_permissions.clear()
    with pytest.raises(approvals.NotAllowed):
        approvals.approve(approval=made.pk, by=stale_bea)
    with marked():
        ann.user_permissions.clear()
    with pytest.raises(approvals.NotAllowed, match="Whoever asked"):
        approvals.approve(approval=made.pk, by=checker())
    assert (status(made), notes(id)) == ("pending", 0)


def test_who_does_not_reach_the_book_neither_decides_nor_asks() -> None:
    here, there, id = uuid4(), uuid4(), new()
    ann, bea, bob = maker(), checker(), checker()
    with by(ann):
        made = approvals.request(command=NOTE, payload={"id": id, "text": "hello"}, key=id, book=here)
    with marked():
        BookScope.objects.create(user=bea, book_id=there)
    with pytest.raises(approvals.NotAllowed, match="out of reach"):
        approvals.approve(approval=made.pk, by=bea)
    with marked():
        BookScope.objects.create(user=bob, book_id=here)
    assert approvals.approve(approval=made.pk, by=bob).status == "executed"
    with marked():
        BookScope.objects.create(user=ann, book_id=here)
    with by(ann), pytest.raises(approvals.NotAllowed):
        approvals.request(command=NOTE, payload={"id": new(), "text": "hello"}, book=there)


def test_a_requester_who_was_disabled_gets_nothing_done() -> None:
    ann = maker()
    made = asked(ann, id := new())
    with marked():
        User.objects.filter(pk=ann.pk).update(is_active=False)
    with pytest.raises(approvals.NotAllowed):
        approvals.approve(approval=made.pk, by=checker())
    assert notes(id) == 0


def test_a_rejection_ends_it() -> None:
    ann, bea = maker(), checker()
    made = asked(ann, id := new())
    with by(bea):
        done = approvals.reject(approval=made.pk, by=bea, comment="no receipt")
    assert (done.status, done.approver_id, done.comment, notes(id)) == ("rejected", bea.pk, "no receipt", 0)
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(approvals.Decided):
            decide(approval=made.pk, by=checker(), comment="")
    with pytest.raises(approvals.Decided):
        approvals.withdraw(approval=made.pk, by=ann)
    assert events_of(made.pk) == [("requested", ann.username), ("rejected", bea.username)]


def test_only_the_requester_withdraws() -> None:
    ann, bea = maker(), checker()
    made = asked(ann, id := new())
    with pytest.raises(approvals.NotAllowed):
        approvals.withdraw(approval=made.pk, by=bea)
    with by(ann):
        assert approvals.withdraw(approval=made.pk, by=ann).status == "withdrawn"
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=made.pk, by=bea)
    assert events_of(made.pk) == [("requested", ann.username), ("withdrawn", ann.username)]
    assert notes(id) == 0


def test_who_saw_an_older_version_looks_again() -> None:
    made = asked(maker(), id := new())
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(Stale):
            decide(approval=made.pk, by=checker(), comment="", version=2)
    assert (status(made), notes(id)) == ("pending", 0)


def test_what_is_refused_when_it_is_carried_out_has_failed_for_ever() -> None:
    bea, ann = checker(), maker()
    made = asked(ann, id := new(), "refused")
    with by(bea):
        done = approvals.approve(approval=made.pk, by=bea)
    assert (done.status, done.code, done.detail) == ("failed", "invalid", "The text is refused.")
    assert (notes(id), events_of(made.pk)) == (0, [("requested", ann.username), ("failed", bea.username)])


def test_a_defect_leaves_the_request_waiting() -> None:
    made = asked(maker(), id := new(), "broken")
    with pytest.raises(Broken):
        approvals.approve(approval=made.pk, by=checker())
    assert (status(made), notes(id)) == ("pending", 0)


def test_an_approved_payload_opens_the_door_for_itself_alone() -> None:
    digest = payloads.digest(NOTE, payloads.encode({"id": "1", "text": "a"}))
    with policy(), by(maker()), executing(digest):
        for id, text in (("1", "b"), ("2", "a")):
            with pytest.raises(approvals.ApprovalRequired):
                note_write(id=id, text=text)
        approvals.demand(NOTE, {"text": "a", "id": "1"})


def test_a_command_that_carries_out_nothing_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    made = asked(maker(), new())
    kind = approvals.find(NOTE)
    monkeypatch.setitem(registry._commands, NOTE, replace(kind, execute=lambda payload: None))
    with pytest.raises(RuntimeError, match="carried out nothing"):
        approvals.approve(approval=made.pk, by=checker())
    assert status(made) == "pending"


# --- time


def test_after_its_time_it_can_only_expire() -> None:
    ann, bea = maker(), checker()
    made = asked(ann, id := new())
    with clock.frozen(made.expires_at), pytest.raises(approvals.Expired):
        approvals.approve(approval=made.pk, by=bea)
    assert (status(made), notes(id)) == ("expired", 0)
    assert events_of(made.pk) == [("requested", ann.username), ("expired", "approvals_expire")]
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=made.pk, by=bea)


def test_the_sweeper_ends_what_is_over_and_nothing_else() -> None:
    old, young = asked(maker(), new()), asked(maker(), new())
    with clock.frozen(young.created_at - timedelta(days=2000)):
        ancient = asked(maker(), new())
    with clock.frozen(ancient.expires_at):
        assert approvals.approvals_expire() == 1
    assert [status(each) for each in (ancient, old, young)] == ["expired", "pending", "pending"]


def test_a_command_is_registered_once_and_found_by_its_name() -> None:
    assert approvals.find(NOTE).permission == DOER
    with pytest.raises(LookupError, match=r"test\.nothing"):
        approvals.find("test.nothing")
    with pytest.raises(ValueError, match="registered already"):
        approvals.command(NOTE, label="", permission="", describe=lambda payload: None)(print)  # type: ignore[arg-type, return-value]  # whatever


def test_nothing_of_the_execution_is_left_in_the_context() -> None:
    bea = checker()
    made = asked(maker(), new())
    with by(bea):
        approvals.approve(approval=made.pk, by=bea)
        assert (context.current().actor_id, context.current().method) == (bea.pk, "session")
    assert not approvals.permitted(bytes(made.payload_hash))
