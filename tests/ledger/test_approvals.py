"""What moves money, or the terms on which it moves, takes two people where a policy says so, through every door."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from ledger import services
from ledger.approvals import submissions
from ledger.approvals.submissions import EXCHANGE, HOLD, JOURNAL, REVERSAL, TRANSFER
from ledger.choices import AccountStatus
from ledger.domain.drafts import Kind
from ledger.errors import TransferRefused
from ledger.models import Account, Book, Journal, RoleLimit, Transfer
from qenex.access import approvals
from qenex.access.approvals.looking import look
from qenex.access.models import Approval
from qenex.kernel.context import Context, Principal, acting
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.ledger.api.conftest import EVERYTHING, staff
from tests.support.approvals import approve, ask, asking, by, changes, policy
from tests.support.ledger import (
    Shop,
    available,
    give,
    hold,
    make_account,
    make_asset,
    make_shop,
    on,
    one,
    outcomes,
    post,
    posted,
    recount,
    transfer_count,
)

pytestmark = pytest.mark.usefixtures("database")
DECIDE = ("access.view_approval", "access.check_approval")


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


@pytest.fixture
def ann(database: None) -> Iterator[User]:
    """The maker, who acts."""
    user = staff(EVERYTHING)
    with by(user):
        yield user


@pytest.fixture
def bea(database: None) -> User:
    """The checker."""
    return staff([*EVERYTHING, *DECIDE])


# --- transfers


def test_only_what_is_above_the_amount_of_the_asset_takes_two(shop: Shop, ann: User) -> None:
    gold = make_asset()
    bars, coins = make_account(shop.book, gold, "asset"), make_account(shop.book, gold)
    other = make_shop(2, funds="100")
    with policy(TRANSFER, asset_id=shop.asset.pk, above=Decimal(20), book_id=shop.book.pk):
        batch = [give(*shop.pair, 20), give(*shop.pair, "20.01"), hold(*shop.pair, 21), give(bars, coins, 500)]
        assert outcomes(post(shop.book, *batch)) == ["posted", "approval_required", "approval_required", "posted"]
        assert outcomes([one(other.book, give(*other.pair, 50))]) == ["posted"]
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (80, 80)


@pytest.mark.parametrize("count", [1, 30, 600])
def test_no_batch_is_too_large_to_be_looked_at(shop: Shop, ann: User, count: int) -> None:
    with policy(TRANSFER, asset_id=shop.asset.pk, above=Decimal(1), book_id=shop.book.pk):
        drafts = [give(shop.cash, shop.customers[0], "0.01") for _ in range(count)] + [give(*shop.pair, 2)]
        results = outcomes(post(shop.book, *drafts))
    assert results == ["posted"] * count + ["approval_required"]


def test_the_system_itself_needs_nobody_and_a_command_does(shop: Shop) -> None:
    with policy(TRANSFER, book_id=shop.book.pk):
        assert one(shop.book, give(*shop.pair, 10)).ok
        with acting(Context(actor="ledger_import", method="command")):
            assert outcomes([one(shop.book, give(*shop.pair, 10))]) == ["approval_required"]
    assert posted(shop.customers[0]) == 90


def test_an_approved_transfer_is_posted_for_its_maker_under_its_own_id(shop: Shop, ann: User, bea: User) -> None:
    draft = give(*shop.pair, 25, reference="rent", metadata={"a": [1, "b"]}, code=7)
    with policy(TRANSFER, book_id=shop.book.pk):
        assert outcomes([one(shop.book, draft)]) == ["approval_required"]
        made = ask(submissions.needed(shop.book.pk, [draft], None))
        names = [account.code for account in shop.customers]
        assert changes(made) == [
            [f"{names[0]}: balance", f"100.00 {shop.asset}", f"75.00 {shop.asset}"],
            [f"{names[1]}: balance", f"100.00 {shop.asset}", f"125.00 {shop.asset}"],
        ]
        done = approve(made, bea)
        assert (done.status, done.result) == ("executed", str(draft.id))
        again = one(shop.book, draft)
    assert (again.status, again.replayed) == ("posted", True)
    row = Transfer.objects.get(pk=draft.id)
    assert (row.amount, row.reference, row.metadata, row.code) == (25, "rent", {"a": [1, "b"]}, 7)
    event = Event.objects.get(pk=row.event_id)
    assert (event.actor_id, b'"method":"approval"' in bytes(event.body)) == (bea.pk, True)
    assert json.loads(bytes(event.body))["actor"]["on_behalf_of"] == {"id": ann.pk, "name": ann.username}
    assert (posted(shop.customers[0]), recount(shop.book)) == (75, {})


def test_what_was_approved_opens_the_door_for_nothing_else(shop: Shop, ann: User, bea: User) -> None:
    draft = give(*shop.pair, 25)
    with policy(TRANSFER, book_id=shop.book.pk):
        made = ask(submissions.needed(shop.book.pk, [draft], None))
        assert approve(made, bea).status == "executed"
        assert outcomes([one(shop.book, give(*shop.pair, 25))]) == ["approval_required"]
        other = give(*shop.pair, 26, id=draft.id)
        assert outcomes([one(shop.book, other)]) == ["id_reused"]


def test_what_cannot_be_posted_is_refused_instead_of_asked_for(shop: Shop, ann: User) -> None:
    with policy(TRANSFER, book_id=shop.book.pk):
        for draft in (give(*shop.pair, 101), give(*shop.pair, "0.001"), give(shop.cash, shop.cash, 1)):
            with pytest.raises(TransferRefused):
                ask(submissions.needed(shop.book.pk, [draft], None))
            assert not Approval.objects.filter(key=str(draft.id)).exists()


def test_funds_that_are_gone_by_then_end_it_as_failed(shop: Shop, ann: User, bea: User) -> None:
    draft, poor = give(*shop.pair, 80), shop.customers[0]
    made = ask(submissions.needed(shop.book.pk, [draft], None))
    assert one(shop.book, give(*shop.pair, 30)).ok
    now = look(made)
    assert now is not None
    assert (now.difference, now.changed) == (None, True)
    assert now.refusal == "The available balance would fall below the account's floor."
    done = approve(made, bea)
    assert (done.status, done.code, done.approver_id) == ("failed", "insufficient_funds", bea.pk)
    assert (posted(poor), transfer_count(shop.book)) == (70, 3)
    with pytest.raises(approvals.Decided):
        approve(made, bea)


def test_the_difference_is_computed_again_and_says_that_it_changed(shop: Shop, ann: User) -> None:
    made = ask(submissions.needed(shop.book.pk, [give(*shop.pair, 10)], None))
    now = look(made)
    assert now is not None
    assert not now.changed
    assert one(shop.book, give(*shop.pair, 1)).ok
    now = look(made)
    assert now is not None
    assert now.changed
    assert changes(made)[0][1:] == [f"99.00 {shop.asset}", f"89.00 {shop.asset}"]


def test_a_limit_of_the_maker_counts_when_it_is_approved(shop: Shop, ann: User, bea: User) -> None:
    services.limit_create(account=shop.customers[0], maximum=Decimal(5), verdict="hold")
    with policy(TRANSFER, book_id=shop.book.pk):
        made = ask(submissions.needed(shop.book.pk, [give(*shop.pair, 10)], None))
        assert [each[0].split(": ")[1] for each in changes(made)] == ["available"]
        done = approve(made, bea)
    assert done.status == "executed"
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (100, 90)


# --- journals, exchanges, reversals, holds


def test_a_journal_takes_two_by_its_own_policy_and_by_that_of_transfers(shop: Shop, ann: User, bea: User) -> None:
    drafts = [give(*shop.pair, 5), give(*shop.pair, 30)]
    for each in ({"command": JOURNAL}, {"command": TRANSFER, "asset_id": shop.asset.pk, "above": Decimal(20)}):
        id = uuid7()
        fresh = [give(*shop.pair, 5), give(*shop.pair, 30)]
        with policy(**each, book_id=shop.book.pk):
            made = asking(
                services.journal_post, book=shop.book, transfers=fresh, id=id, description="rent", metadata={"x": 1}
            )
            assert (made.command, made.key, made.reason) == (JOURNAL, str(id), "because")
            assert not Journal.objects.filter(pk=id).exists()
            assert approve(made, bea).result == str(id)
        journal = Journal.objects.get(pk=id)
        assert (journal.description, journal.metadata, journal.kind) == ("rent", {"x": 1}, "entry")
    assert len(drafts) == 2
    assert (posted(shop.customers[0]), recount(shop.book)) == (30, {})


def test_an_exchange_takes_two(shop: Shop, ann: User, bea: User) -> None:
    gold = make_asset()
    mine = make_account(shop.book, gold)
    positions = make_account(shop.book, shop.asset), make_account(shop.book, gold)
    with policy(EXCHANGE, book_id=shop.book.pk):
        made = asking(
            services.exchange_post,
            sold_from=shop.customers[0],
            sold_position=positions[0],
            bought_position=positions[1],
            bought_to=mine,
            sold=Decimal(10),
            bought=Decimal(4),
        )
        done = approve(made, bea)
    journal = Journal.objects.get(pk=done.result)
    assert (journal.kind, journal.rate, posted(mine)) == ("exchange", "0.4", 4)


def test_a_reversal_takes_two_and_reverses_what_was_shown(shop: Shop, ann: User, bea: User) -> None:
    journal, _ = services.journal_post(book=shop.book, transfers=[give(*shop.pair, 30), give(*shop.pair, 5)])
    with policy(REVERSAL, book_id=shop.book.pk):
        made = asking(services.journal_reverse, journal=journal, reason="a mistake")
        assert changes(made)[0] == [f"{shop.customers[0].code}: balance", f"65.00 {shop.asset}", f"100.00 {shop.asset}"]
        done = approve(made, bea)
    reversal = Journal.objects.get(pk=done.result)
    assert (reversal.reverses_id, reversal.description, posted(shop.customers[0])) == (journal, "a mistake", 100)


def test_a_reversal_is_measured_by_what_it_takes_back(shop: Shop, ann: User) -> None:
    [small] = [give(*shop.pair, 5)]
    large = give(*shop.pair, 30)
    post(shop.book, small, large)
    with policy(REVERSAL, asset_id=shop.asset.pk, above=Decimal(20), book_id=shop.book.pk):
        drafts = [on(small.id, Kind.REVERSAL), on(large.id, Kind.REVERSAL, 20), on(large.id, Kind.REVERSAL)]
        assert outcomes(post(shop.book, *drafts)) == ["posted", "posted", "approval_required"]


def test_the_post_of_a_hold_takes_two_and_its_void_does_not(shop: Shop, ann: User, bea: User) -> None:
    first, second = hold(*shop.pair, 40), hold(*shop.pair, 20)
    post(shop.book, first, second)
    with policy(HOLD, book_id=shop.book.pk):
        made = asking(services.hold_post, hold=first.id, amount=Decimal(30))
        services.hold_void(hold=second.id)
        assert approve(made, bea).status == "executed"
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (70, 70)


def test_a_stricter_gate_is_not_hidden_by_one_that_has_no_effect(shop: Shop, ann: User) -> None:
    paid = give(*shop.pair, 50)
    post(shop.book, paid)
    services.limit_create(account=shop.customers[0], maximum=Decimal(1), verdict="refuse")
    with policy(REVERSAL, book_id=shop.book.pk):
        assert outcomes(post(shop.book, on(paid.id, Kind.REVERSAL, 30))) == ["approval_required"]


# --- holds that gates make


def held(shop: Shop) -> UUID:
    """A transfer of the actor that the account's limit holds up."""
    services.limit_create(account=shop.customers[0], maximum=Decimal(5), verdict="hold")
    draft = give(*shop.pair, 10)
    assert outcomes([one(shop.book, draft)]) == ["held"]
    return draft.id


def test_nobody_posts_what_a_gate_held_up_of_his_own(shop: Shop, ann: User, bea: User) -> None:
    id = held(shop)
    with pytest.raises(TransferRefused) as caught:
        services.hold_post(hold=id)
    assert caught.value.code == "second_person_required"
    with acting(Context(actor_id=ann.pk, actor="her program", method="signature")), pytest.raises(TransferRefused):
        services.hold_post(hold=id)
    assert posted(shop.customers[0]) == 100
    with by(bea):
        assert services.hold_post(hold=id).ok
    assert posted(shop.customers[0]) == 90


def test_who_asked_does_not_post_what_a_gate_held_up_when_another_approved(shop: Shop, ann: User, bea: User) -> None:
    services.limit_create(account=shop.customers[0], maximum=Decimal(5), verdict="hold")
    draft = give(*shop.pair, 10)
    approving = Context(
        actor_id=bea.pk, actor=bea.username, method="approval", on_behalf_of=Principal(ann.pk, ann.username)
    )
    with acting(approving):
        assert outcomes([one(shop.book, draft)]) == ["held"]
    with by(ann), pytest.raises(TransferRefused) as caught:
        services.hold_post(hold=draft.id)
    assert (caught.value.code, posted(shop.customers[0])) == ("second_person_required", 100)


def test_one_may_void_what_was_held_up_and_post_what_one_held_oneself(shop: Shop, ann: User) -> None:
    own = hold(*shop.pair, 4)
    post(shop.book, own)
    id = held(shop)
    services.hold_void(hold=id)
    assert services.hold_post(hold=own.id).ok
    assert posted(shop.customers[0]) == 96


def test_where_the_post_takes_two_anyway_the_maker_may_ask_for_it(shop: Shop, ann: User, bea: User) -> None:
    id = held(shop)
    with policy(HOLD, book_id=shop.book.pk):
        made = asking(services.hold_post, hold=id)
        with pytest.raises(approvals.NotAllowed):
            approve(made, staff(EVERYTHING))
        assert approve(made, bea).status == "executed"
    assert posted(shop.customers[0]) == 90


# --- terms


def test_a_floor_and_an_unfreezing_take_two_a_freeze_and_a_name_do_not(shop: Shop, ann: User, bea: User) -> None:
    account = shop.customers[0]
    with policy("ledger.account.update", book_id=shop.book.pk):
        made = asking(services.account_update, account=account, floor=Decimal(-50), name="Poor")
        assert changes(made) == [["floor", "0", "-50"], ["name", "", "Poor"]]
        assert approve(made, bea).status == "executed"
        services.account_update(account=account, status=AccountStatus.FROZEN)
        services.account_update(account=account, name="Poorer")
        made = asking(services.account_update, account=account, status=AccountStatus.OPEN)
        assert Account.objects.get(pk=account.pk).status == "frozen"
        assert approve(made, bea).status == "executed"
    fresh = Account.objects.select_related("balance").get(pk=account.pk)
    assert (fresh.status, fresh.name, fresh.balance.floor) == ("open", "Poorer", -50)


def test_an_account_that_was_changed_meanwhile_is_not_touched(shop: Shop, ann: User, bea: User) -> None:
    account = shop.customers[0]
    with policy("ledger.account.update", book_id=shop.book.pk):
        made = asking(services.account_update, account=account, floor=None)
        services.account_update(account=account, name="Other")
        done = approve(made, bea)
    assert (done.status, done.code) == ("failed", "stale")
    assert Account.objects.select_related("balance").get(pk=account.pk).balance.floor == 0


def test_a_book_takes_two(shop: Shop, ann: User, bea: User) -> None:
    with policy("ledger.book.update", book_id=shop.book.pk):
        made = asking(services.book_update, book=shop.book, status="closed")
        assert changes(made) == [["status", "open", "closed"]]
        assert Book.objects.get(pk=shop.book.pk).status == "open"
        assert approve(made, bea).status == "executed"
    assert Book.objects.get(pk=shop.book.pk).status == "closed"


def test_limits_are_set_and_removed_by_two(shop: Shop, ann: User, bea: User) -> None:
    account = shop.customers[0]
    with policy("ledger.limit.change", book_id=shop.book.pk):
        made = asking(services.limit_create, account=account, maximum=Decimal("7.50"), asset=shop.asset)
        assert not RoleLimit.objects.filter(account=account).exists()
        assert approve(made, bea).status == "executed"
        [limit] = RoleLimit.objects.filter(account=account)
        assert (limit.maximum, limit.verdict, limit.asset_id) == (Decimal("7.5"), "refuse", shop.asset.pk)
        made = asking(services.limit_delete, limit=limit)
        assert approve(made, bea).status == "executed"
        assert not RoleLimit.objects.filter(account=account).exists()
        made = approvals.request(
            command="ledger.limit.change", payload=asking_payload(account), book=shop.book.pk, key=uuid4().hex
        )
        services.transfers_post(book=shop.book, transfers=[give(*shop.pair, 1)])
        assert approve(made, bea).status == "executed"


def asking_payload(account: Account) -> dict[str, Any]:
    terms = {"role": None, "account": str(account.pk), "asset": None, "maximum": "1", "verdict": "hold"}
    return {"action": "create", **terms}


# --- payloads


def test_a_submission_survives_being_stored(shop: Shop) -> None:
    import json

    from ledger.domain.drafts import Journal as JournalDraft
    from qenex.kernel import canonical

    drafts = [
        give(*shop.pair, "1.5", metadata={"k": "ü"}),
        hold(*shop.pair, 3, timeout=9),
        on(uuid7(), Kind.HOLD_POST, final=False),
    ]
    journal = JournalDraft(uuid7(), "reversal", "R", "why", reverses=uuid7(), metadata={"n": 1})
    for head in (journal, None):
        stored = json.loads(canonical.encode(submissions.document(shop.book.pk, drafts, head)))
        assert submissions.read(stored) == (shop.book.pk, drafts, head)
