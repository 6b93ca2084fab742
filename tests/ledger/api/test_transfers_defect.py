"""A defect of ours is answered as a problem, whatever way the request came, and posts nothing."""

import pytest

from ledger.engine import post as posting
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from tests.ledger.api.conftest import Post, transfer
from tests.support.ledger import Shop


def test_a_defect_is_answered_as_a_problem(send: Post, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(posting, "_run", fail)
    id = uuid7()
    reply = send("transfers", {"book": shop.book.code, **transfer(shop, id=str(id))})
    assert (reply.status, reply.code) == (500, "server_error")
    assert not Transfer.objects.filter(pk=id).exists()
