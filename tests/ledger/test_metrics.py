"""What operators watch: every transfer is counted by what became of it."""

from prometheus_client import REGISTRY

from ledger import services
from tests.support.ledger import make_shop


def _count(result: str) -> float:
    return REGISTRY.get_sample_value("ledger_transfers_total", {"result": result}) or 0.0


def test_transfers_are_counted_by_their_result(database: None) -> None:
    shop = make_shop(2, funds="1")
    alice, bob = shop.customers
    before = (_count("posted"), _count("insufficient_funds"))
    payment = {"debit_account": alice, "credit_account": bob, "amount": "0.60"}
    services.transfers_post(book=shop.book, transfers=[payment, payment])
    assert (_count("posted"), _count("insufficient_funds")) == (before[0] + 1, before[1] + 1)
