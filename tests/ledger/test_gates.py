"""Gates: they are asked under the lock, the strictest answer counts, and the ledger's own are limits."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import override_settings
from msgspec.structs import replace

from ledger import services
from ledger.domain.drafts import Kind
from ledger.errors import Invalid
from ledger.gates import Decision, Facts, Gate, Verdict
from ledger.models import RoleLimit, Transfer
from ledger.services.limits import limit_create, limit_delete
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
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
    transfer_count,
)
from tests.support.marked import marked

pytestmark = pytest.mark.usefixtures("database")
HERE = "tests.ledger.test_gates."


class ByReference(Gate):
    """Decides by the first word of the reference."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        decisions = {"hold": Decision.HOLD, "refuse": Decision.REFUSE}
        return {
            position: Verdict(decisions[draft.reference], f"{draft.reference}: {facts.context.actor}")
            for position, draft in enumerate(facts.drafts)
            if draft.reference in decisions
        }


class HoldAll(Gate):
    """Holds everything."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        return {position: Verdict(Decision.HOLD, "all") for position in range(len(facts.drafts))}


class HoldsAlone(HoldAll):
    """Is about holds, and would hold everything."""

    kinds = frozenset({Kind.HOLD})


class Broken(Gate):
    """Fails."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        raise RuntimeError("the gate is broken")


class UnderLock(Gate):
    """Refuses unless it is asked by the book's only writer, within the transaction of the posting."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        query = """SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                   WHERE l.pid = pg_backend_pid() AND c.relname LIKE 'ledger_lock_%' AND l.mode = 'ExclusiveLock'"""
        with connection.cursor() as cursor:
            cursor.execute(query)
            [locked] = cursor.fetchone()
        return {} if locked == 1 else {0: Verdict(Decision.REFUSE, "not locked")}


def gated(*names: str) -> override_settings:
    return override_settings(LEDGER_GATES=[HERE + name for name in names])


@pytest.fixture
def shop(database: None) -> Shop:
    return make_shop(2, funds="100")


def test_a_gate_allows_holds_and_refuses_each_by_itself(shop: Shop) -> None:
    drafts = [give(*shop.pair, 10, reference=word) for word in ("", "hold", "refuse", "")]
    with gated("ByReference"), acting(Context(actor="ann")):
        results = post(shop.book, *drafts)
    assert outcomes(results) == ["posted", "held", "gate_refused", "posted"]
    assert results[2].detail == "refuse: ann"
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (80, 70)
    event = Event.objects.filter(book_id=shop.book.pk).latest("recorded_at", "id")
    assert f'"held_by_gate":[["{drafts[1].id}","hold: ann"]]'.encode() in bytes(event.body)


def test_what_a_gate_held_is_posted_or_voided_like_any_hold(shop: Shop) -> None:
    first, second = (give(*shop.pair, 10, reference="hold") for _ in range(2))
    with gated("ByReference"):
        post(shop.book, first, second)
        services.hold_post(hold=first.id)
        services.hold_void(hold=second.id)
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (90, 90)


def test_a_transfer_that_was_held_is_answered_again_without_asking(shop: Shop) -> None:
    draft = give(*shop.pair, 10, reference="hold")
    with gated("ByReference"):
        assert one(shop.book, draft).status == "held"
    for names in ([], ["ByReference"]):
        with gated(*names):
            again = post(shop.book, draft, give(*shop.pair, 1))
        assert (outcomes(again), again[0].replayed) == (["held", "posted"], True)
    event = Event.objects.filter(book_id=shop.book.pk).latest("recorded_at", "id")
    assert b"held_by_gate" not in bytes(event.body)


def test_the_strictest_of_several_gates_counts(shop: Shop) -> None:
    drafts = [give(*shop.pair, 1, reference=word) for word in ("", "refuse")]
    for names in (["ByReference", "HoldAll"], ["HoldAll", "ByReference"]):
        with gated(*names):
            assert outcomes(post(shop.book, *[replace(each, id=uuid4()) for each in drafts])) == [
                "held",
                "gate_refused",
            ]


def test_one_held_transfer_holds_the_whole_journal(shop: Shop) -> None:
    drafts = [give(*shop.pair, 10, reference=word) for word in ("", "hold", "")]
    with gated("ByReference"):
        _, results = services.journal_post(book=shop.book, transfers=drafts)
    assert outcomes(results) == ["held"] * 3
    assert (posted(shop.customers[0]), available(shop.customers[0])) == (100, 70)


def test_one_refused_transfer_refuses_the_whole_journal(shop: Shop) -> None:
    drafts = [give(*shop.pair, 10, reference=word) for word in ("hold", "refuse", "")]
    with gated("ByReference"):
        results = post(shop.book, *drafts, linked=True)
    assert outcomes(results) == ["linked_failed", "gate_refused", "linked_failed"]
    assert transfer_count(shop.book) == 2


def test_a_gate_that_fails_lets_nothing_through(shop: Shop) -> None:
    with gated("Broken"), pytest.raises(RuntimeError, match="the gate is broken"):
        one(shop.book, give(*shop.pair, 10))
    assert transfer_count(shop.book) == 2
    assert one(shop.book, give(*shop.pair, 10)).ok


def test_gates_are_asked_under_the_books_lock(shop: Shop) -> None:
    with gated("UnderLock"):
        assert one(shop.book, give(*shop.pair, 10)).ok


# --- limits


def limit(maximum: str, **fields: object) -> RoleLimit:
    return limit_create(maximum=Decimal(maximum), **fields)  # type: ignore[arg-type]  # whatever the test says


def test_an_accounts_limit_counts_on_both_of_its_sides(shop: Shop) -> None:
    alice, bob = shop.customers
    limit("20", account=alice)
    batch = [give(alice, bob, 20), give(alice, bob, "20.01"), give(bob, alice, "20.01"), give(bob, shop.cash, 50)]
    results = post(shop.book, *batch)
    assert outcomes(results) == ["posted", "gate_refused", "gate_refused", "posted"]
    assert results[1].detail == "more than the account's limit of 20"


def test_a_limit_holds_until_it_is_removed(shop: Shop) -> None:
    made = limit("20", account=shop.customers[0], verdict="hold")
    assert one(shop.book, give(*shop.pair, 21)).status == "held"
    assert one(shop.book, hold(*shop.pair, 21, timeout=9)).status == "held"
    limit_delete(limit=made)
    assert one(shop.book, give(*shop.pair, 21)).status == "posted"
    types = Event.objects.filter(subject_type="limit", subject_id=str(made.pk)).order_by("recorded_at")
    assert [each.type for each in types] == ["ledger.limit.created", "ledger.limit.deleted"]


def test_a_refusing_limit_is_stricter_than_a_holding_one_and_a_lower_than_a_higher(shop: Shop) -> None:
    for maximum, verdict in (("10", "hold"), ("30", "refuse"), ("40", "refuse")):
        limit(maximum, account=shop.customers[0], verdict=verdict)
    results = post(shop.book, *[give(*shop.pair, amount) for amount in (10, 30, 41)])
    assert outcomes(results) == ["posted", "held", "gate_refused"]
    assert results[2].detail == "more than the account's limit of 30"


def test_a_roles_limit_binds_its_members_and_nobody_else(shop: Shop) -> None:
    with marked():
        role = Group.objects.create(name=f"clerks {uuid4()}")
        clerk, chief = (User.objects.create(username=uuid4().hex) for _ in range(2))
        clerk.groups.add(role)
    limit("20", role=role)
    for actor, expected in ((clerk.pk, "gate_refused"), (chief.pk, "posted"), (None, "posted")):
        with acting(Context(actor_id=actor, actor="x")):
            assert outcomes([one(shop.book, give(*shop.pair, 21))]) == [expected]


def test_a_limit_of_an_asset_leaves_other_assets_alone(shop: Shop) -> None:
    gold = make_asset()
    bars, coins = make_account(shop.book, gold, "asset"), make_account(shop.book, gold)
    with marked():
        role = Group.objects.create(name=f"clerks {uuid4()}")
        clerk = User.objects.create(username=uuid4().hex)
        clerk.groups.add(role)
    limit("20", role=role, asset=gold)
    with acting(Context(actor_id=clerk.pk, actor="x")):
        results = post(shop.book, give(*shop.pair, 21), give(bars, coins, 21), give(bars, coins, 20))
    assert outcomes(results) == ["posted", "gate_refused", "posted"]


def test_limits_of_other_books_do_not_count(shop: Shop) -> None:
    limit("1", account=make_shop(1).customers[0])
    assert one(shop.book, give(*shop.pair, 50)).ok


def test_a_limit_does_not_stop_voids_and_reversals(shop: Shop) -> None:
    paid, made = give(*shop.pair, 50), hold(*shop.pair, 40)
    post(shop.book, paid, made)
    limit("1", account=shop.customers[0])
    assert outcomes(post(shop.book, on(paid.id, Kind.REVERSAL, 30), on(made.id, Kind.HOLD_VOID))) == [
        "posted",
        "voided",
    ]
    assert Transfer.objects.filter(origin_id=paid.id).count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"maximum": Decimal(-1), "account": True}, "maximum"),
        ({"maximum": Decimal("NaN"), "account": True}, "maximum"),
        ({"maximum": Decimal("1e-19"), "account": True}, "maximum"),
        ({"maximum": Decimal(1), "account": True, "verdict": "shrug"}, "verdict"),
        ({"maximum": Decimal(1)}, "role"),
        ({"maximum": Decimal(1), "account": True, "role": True}, "role"),
    ],
)
def test_a_malformed_limit_is_named(shop: Shop, fields: dict[str, object], field: str) -> None:
    if fields.get("account"):
        fields = fields | {"account": shop.customers[0]}
    if fields.get("role"):
        with marked():
            fields = fields | {"role": Group.objects.create(name=f"clerks {uuid4()}")}
    with pytest.raises(Invalid) as caught:
        limit_create(**fields)  # type: ignore[arg-type]  # that is the point
    assert caught.value.field == field


def test_a_gate_is_asked_about_the_kinds_that_it_names() -> None:
    shop = make_shop(2, funds="100")
    with gated("HoldsAlone"):
        plain = post(shop.book, give(shop.cash, shop.customers[0], "1"))
        both = post(shop.book, give(shop.cash, shop.customers[0], "1"), hold(*shop.pair, "1"))
    assert [result.status for result in plain] == ["posted"]
    assert [result.status for result in both] == ["held", "held"]
