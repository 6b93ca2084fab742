"""A book out of reach, by each of the ways to post: as if it were not there, and nothing is posted."""

import time

import pytest
from django.contrib.auth.models import User

from ledger.models import Transfer
from qenex.access import scopes
from tests.ledger.api.conftest import Post, transfer
from tests.support.ledger import Shop, make_shop


@pytest.fixture
def other(database: None) -> Shop:
    """A second book."""
    return make_shop(2, funds="100")


@pytest.mark.parametrize("path", ["transfers", "transfers/batch"])
def test_a_book_out_of_reach_is_not_there(send: Post, clerk: User, shop: Shop, other: Shop, path: str) -> None:
    scopes.scope_set(user=clerk, books=[shop.book.pk])
    for of, status in ((shop, 201 if path == "transfers" else 200), (other, 422)):
        given = transfer(of)
        single = {**given, "book": of.book.code}
        body = single if path == "transfers" else {"book": str(of.book.pk), "transfers": [given]}
        answer = send(path, body)
        assert answer.status == status
        assert Transfer.objects.filter(pk=given["id"]).exists() is (of is shop)
        if of is other:
            assert (answer.code, answer.faults) == ("book_not_found", [("#/book", "book_not_found")])


def test_a_book_that_is_taken_away_is_gone_within_a_second(send: Post, clerk: User, shop: Shop, other: Shop) -> None:
    body = {**transfer(shop), "book": str(shop.book.pk)}
    assert send("transfers", body).status == 201
    scopes.scope_set(user=clerk, books=[other.book.pk])
    time.sleep(1.05)
    assert send("transfers", body | {"id": transfer(shop)["id"]}).status == 422
    assert send("transfers", {**transfer(other), "book": str(other.book.pk)}).status == 201


def test_an_account_of_a_book_out_of_reach_is_no_account(send: Post, clerk: User, shop: Shop, other: Shop) -> None:
    scopes.scope_set(user=clerk, books=[shop.book.pk])
    stolen = transfer(shop, debit_account=str(other.customers[0].pk))
    answer = send("transfers", {**stolen, "book": shop.book.code})
    assert (answer.status, answer.code) == (422, "account_not_found")
    assert not Transfer.objects.filter(pk=stolen["id"]).exists()
