"""A command that takes two people is answered with 202 and the request, whatever brought it; and then by two people."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from ledger import services
from ledger.approvals.submissions import HOLD, JOURNAL, REVERSAL, TRANSFER
from ledger.models import Journal, Transfer
from qenex.access import stepup
from qenex.access.models import Approval, TokenFamily
from qenex.kernel import clock
from tests.ledger.api.conftest import EVERYTHING, Api, Post, pair, staff, transfer
from tests.support.approvals import policy
from tests.support.ledger import Shop, give, hold, one, posted, transfer_count
from tests.support.marked import marked

DECIDE = ("access.view_approval", "access.check_approval")


@pytest.fixture
def ann(clerk: User) -> Api:
    """The maker, who may look as well."""
    return Api(staff([*EVERYTHING, "access.view_approval"]))


@pytest.fixture
def bea(database: None) -> Api:
    """The checker, a moment after showing the second factor."""
    return signed_in(staff([*EVERYTHING, *DECIDE]))


def signed_in(user: User) -> Api:
    """The program of somebody who has just signed in with both factors."""
    api = Api(user)
    with marked():
        TokenFamily.objects.filter(user=user).update(method="password")
    return api


def above(shop: Shop, amount: int, command: str = TRANSFER) -> Any:
    return policy(command, asset_id=shop.asset.pk, above=Decimal(amount), book_id=shop.book.pk)


def test_a_large_transfer_is_answered_with_the_request(shop: Shop, send: Post, bea: Api) -> None:
    body = {"book": shop.book.code, **transfer(shop, "50.00")}
    with above(shop, 20):
        first, again = send("transfers", body), send("transfers", body)
        small = send("transfers", {"book": shop.book.code, **transfer(shop, "20.00")})
        assert (first.status, again.status, small.status) == (202, 202, 201)
        request = first.json()
        assert first.headers["Location"] == again.headers["Location"] == f"/api/v1/approvals/{request['id']}"
        assert (request["status"], request["command"], again.json()["id"]) == ("pending", TRANSFER, request["id"])
        assert request["difference"]["changes"][0] == {
            "what": f"{shop.customers[0].code}: balance",
            "before": f"100.00 {shop.asset}",
            "after": f"50.00 {shop.asset}",
        }
        assert transfer_count(shop.book) == 3
        assert not Transfer.objects.filter(pk=body["id"]).exists()
        done = bea.send("POST", f"approvals/{request['id']}/approve", {"comment": "ok"}, {"If-Match": "*"})
        assert (done.status, done.json()["status"], done.json()["result"]) == (200, "executed", body["id"])
        replayed = send("transfers", body)
        assert (replayed.status, replayed.json()["replayed"]) == (200, True)
    assert posted(shop.customers[0]) == 30


def test_the_same_id_for_something_else_is_refused(shop: Shop, send: Post) -> None:
    body = {"book": shop.book.code, **transfer(shop, "50.00")}
    with above(shop, 20):
        assert send("transfers", body).status == 202
        other = send("transfers", {**body, "amount": "51.00"})
    assert (other.status, other.code) == (409, "approval_reused")


def test_what_would_be_refused_is_not_asked_for(shop: Shop, send: Post) -> None:
    with above(shop, 20):
        poor = send("transfers", {"book": shop.book.code, **transfer(shop, "500.00")})
        precise = send("transfers", {"book": shop.book.code, **transfer(shop, "50.001")})
    assert (poor.code, precise.code) == ("insufficient_funds", "amount_precision")


def test_in_a_batch_it_is_refused_by_itself(shop: Shop, send: Post) -> None:
    large = transfer(shop, "50.00")
    with above(shop, 20):
        reply = send("transfers/batch", {"book": shop.book.code, "transfers": [transfer(shop, "1.00"), large]})
        results = reply.json()["results"]
        assert [each["code"] or each["status"] for each in results] == ["posted", "approval_required"]
        linked = send(
            "transfers/batch",
            {"book": shop.book.code, "linked": True, "transfers": [transfer(shop, "1.00"), transfer(shop, "50.00")]},
        )
    assert (linked.status, linked.faults) == (422, [("#/transfers/1", "approval_required")])
    assert not Approval.objects.filter(key=large["id"]).exists()
    assert posted(shop.customers[0]) == 99


def test_a_journal_is_asked_for_once_under_a_key(shop: Shop, ann: Api, bea: Api) -> None:
    debit, credit = pair(shop)
    leg = {"debit_account": str(debit.pk), "credit_account": str(credit.pk), "amount": "5"}
    key = uuid4().hex
    with policy(JOURNAL, book_id=shop.book.pk):
        first, again = (ann.post("journals", {"book": shop.book.code, "transfers": [leg]}, key) for _ in range(2))
        assert (first.status, again.status, first.body) == (202, 202, again.body)
        assert again.headers["Idempotent-Replayed"] == "true"
        path = first.headers["Location"].removeprefix("/api/v1/")
        assert again.headers["Location"] == first.headers["Location"]
        done = bea.send("POST", f"{path}/approve", {}, {"If-Match": "*"})
    assert Journal.objects.filter(pk=done.json()["result"]).exists()
    assert Approval.objects.filter(book_id=shop.book.pk).count() == 1


def test_reversals_holds_accounts_books_and_limits_are_asked_for_too(shop: Shop, ann: Api) -> None:
    journal, _ = services.journal_post(book=shop.book, transfers=[give(*pair(shop), 5)])
    held = hold(*pair(shop), 5)
    one(shop.book, held)
    limit = services.limit_create(account=shop.cash, maximum=Decimal(1000))
    account, book = f"accounts/{shop.cash.pk}", shop.book.pk
    cases: list[tuple[str, str, str, dict[str, Any]]] = [
        (REVERSAL, "POST", f"journals/{journal}/reverse", {"reason": "wrong"}),
        (HOLD, "POST", f"holds/{held.id}/post", {}),
        (
            HOLD,
            "POST",
            "transfers",
            {"book": shop.book.code, "id": str(uuid4()), "kind": "hold_post", "origin": str(held.id)},
        ),
        ("ledger.account.update", "PATCH", account, {"floor": "-5.00"}),
        ("ledger.book.update", "PATCH", f"books/{shop.book.code}", {"name": "Other"}),
        ("ledger.limit.change", "POST", "limits", {"account": str(shop.cash.pk), "maximum": "5"}),
        ("ledger.limit.change", "DELETE", f"limits/{limit.pk}", {}),
    ]
    for command, method, path, body in cases:
        with policy(command, book_id=book):
            reply = ann.send(method, path, body, {"If-Match": "*", "Idempotency-Key": uuid4().hex})
        assert (path, reply.status, reply.json()["command"]) == (path, 202, command)
    assert Approval.objects.filter(book_id=book, status="pending").count() == len(cases)
    assert (posted(shop.customers[0]), Journal.objects.filter(book_id=book).count()) == (95, 1)


# --- the requests themselves


@pytest.fixture
def asked(shop: Shop, ann: Api) -> str:
    """The path of a request of Ann's."""
    with above(shop, 20):
        reply = ann.post("transfers", {"book": shop.book.code, **transfer(shop, "50.00")})
    return reply.headers["Location"].removeprefix("/api/v1/")


def test_a_request_is_read_with_its_payload_and_its_present_difference(shop: Shop, ann: Api, asked: str) -> None:
    one(shop.book, give(*pair(shop), 1))
    reply = ann.get(asked)
    shown = reply.json()
    assert reply.headers["ETag"] == f'"{shown["id"]}.1"'
    assert shown["payload"]["transfers"][0]["amount"] == "50"
    assert shown["difference"]["changes"][0]["before"] == f"100.00 {shop.asset}"
    assert shown["difference_now"]["changes"][0]["before"] == f"99.00 {shop.asset}"
    assert shown["refusal_now"] is None
    one(shop.book, give(*pair(shop), 80))
    shown = ann.get(asked).json()
    assert (shown["difference_now"], shown["refusal_now"]) == (
        None,
        "The available balance would fall below the account's floor.",
    )


def test_the_list_is_filtered(ann: Api, bea: Api, asked: str) -> None:
    id = asked.rpartition("/")[2]
    everything = [
        (ann, {"mine": "true"}, True),
        (ann, {"mine": "false"}, False),
        (bea, {"mine": "false", "status": "pending", "command": TRANSFER}, True),
        (bea, {"status": "executed"}, False),
        (bea, {"command": JOURNAL}, False),
    ]
    for api, query, found in everything:
        ids = [each["id"] for each in api.get("approvals", query).json()["results"]]
        assert (query, id in ids) == (query, found)
    assert bea.get("approvals", {"status": "odd"}).code == "invalid"


def test_the_maker_cannot_approve_and_the_stranger_cannot_even_look(shop: Shop, asked: str) -> None:
    approval = Approval.objects.select_related("requester").get(pk=asked.rpartition("/")[2])
    maker = approval.requester
    maker.is_superuser = True
    with marked():
        maker.save()
    own = signed_in(maker).send("POST", f"{asked}/approve", {}, {"If-Match": "*"})
    assert (own.status, own.code) == (403, "own_approval")
    stranger = Api(staff(EVERYTHING))
    assert stranger.get(asked).code == "permission_denied"
    assert stranger.send("POST", f"{asked}/approve", {}, {"If-Match": "*"}).code == "permission_denied"
    decider = signed_in(staff(DECIDE))
    assert decider.send("POST", f"{asked}/reject", {"comment": "no"}, {"If-Match": "*"}).code == "permission_denied"
    assert (Approval.objects.get(pk=approval.pk).status, posted(shop.customers[0])) == ("pending", 100)


def test_deciding_needs_the_version_and_a_fresh_second_factor(shop: Shop, bea: Api, asked: str) -> None:
    assert bea.send("POST", f"{asked}/approve", {}).code == "precondition_required"
    stale = {"If-Match": f'"{asked.rpartition("/")[2]}.9"'}
    assert bea.send("POST", f"{asked}/reject", {"comment": "x"}, stale).code == "precondition_failed"
    # What a command has made has seen no second factor, and what was shown long ago does not count.
    for stale_family in ({"method": "command"}, {"method": "password", "created_at": clock.now() - stepup.FRESH}):
        user = staff([*EVERYTHING, *DECIDE])
        api = Api(user)
        with marked():
            TokenFamily.objects.filter(user=user).update(**stale_family)
        reply = api.send("POST", f"{asked}/approve", {}, {"If-Match": "*"})
        assert (reply.status, reply.code) == (403, "step_up_required")
    assert posted(shop.customers[0]) == 100


def test_it_is_rejected_once(ann: Api, bea: Api, asked: str) -> None:
    assert bea.send("POST", f"{asked}/reject", {}, {"If-Match": "*"}).faults == [("#/comment", "required")]
    done = bea.send("POST", f"{asked}/reject", {"comment": "too much"}, {"If-Match": "*"})
    assert (done.status, done.json()["status"], done.json()["comment"]) == (200, "rejected", "too much")
    assert done.headers["ETag"].endswith('.2"')
    assert bea.send("POST", f"{asked}/approve", {}, {"If-Match": done.headers["ETag"]}).code == "approval_decided"
    assert ann.send("POST", f"{asked}/withdraw", {}, {"If-Match": "*"}).code == "approval_decided"
    assert ann.get(asked).json()["difference_now"] is None


def test_it_is_withdrawn_by_its_maker_alone(ann: Api, bea: Api, asked: str) -> None:
    assert bea.send("POST", f"{asked}/withdraw", {}, {"If-Match": "*"}).code == "permission_denied"
    assert ann.send("POST", f"{asked}/withdraw", {}, {"If-Match": "*"}).json()["status"] == "withdrawn"
