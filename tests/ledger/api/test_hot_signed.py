"""Signed requests on the fast path: served without Django, with the nonces of many written down together."""

import asyncio
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from ledger.api.hot import signers
from ledger.api.hot.app import HotPath
from ledger.api.hot.counter import OwnCounter
from ledger.api.hot.desk import Desk
from ledger.models import Transfer
from qenex.access.apikeys import nonces, usage
from qenex.access.apikeys.nonces import Used
from qenex.access.models import ApiKey, Nonce
from qenex.kernel.edge import Edge
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import transfer
from tests.support.asgi import Page
from tests.support.ledger import Shop, make_shop
from tests.support.signing import Program, make_program

PATH = "/api/v1/transfers"
Sent = tuple[dict[str, str], bytes]


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with two customers."""
    return make_shop(2, funds="100")


@pytest.fixture
def program(database: None) -> Program:
    """A key that may post."""
    return make_program(make_user("ledger.post_transfer"), "transfers")


def _orders(program: Program, shop: Shop, count: int) -> list[tuple[str, Sent]]:
    """So many signed transfers, by their ids."""
    found = []
    for _ in range(count):
        given = transfer(shop, "0.01")
        body = json.dumps({**given, "book": str(shop.book.pk)}).encode()
        found.append((given["id"], (program.headers("POST", PATH, body), body)))
    return found


async def _ask(application: Any, sent: Sent) -> int:
    headers, body = sent
    named = {"Host": "testserver", "Content-Type": "application/json", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 40_000),
    }
    page = Page(application, scope)
    await page.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await page.receive_output(60)
    await page.receive_output(60)
    await page.wait(60)
    return int(start["status"])


class Elsewhere:
    """Stands where Django does, and sees what reaches it."""

    def __init__(self) -> None:
        self.marks: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers 418."""
        self.marks.append(scope.get("qenex.signed"))
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _serve(orders: list[Sent]) -> tuple[list[int], list[Any]]:
    """The statuses of requests that come at once, and the marks of those that were left to Django."""

    async def main() -> tuple[list[int], list[Any]]:
        elsewhere = Elsewhere()
        application = Edge(HotPath(elsewhere, Desk(OwnCounter())), elsewhere)
        statuses = await asyncio.gather(*(_ask(application, order) for order in orders))
        return list(statuses), elsewhere.marks

    return asyncio.run(main())


def test_many_are_served_without_django_and_their_nonces_are_written_together(
    shop: Shop, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    use = nonces.use

    def counted(given: Any) -> set[Used]:
        groups.append(len(given))
        return use(given)

    monkeypatch.setattr(nonces, "use", counted)
    orders = _orders(program, shop, 40)
    statuses, left = _serve([sent for _, sent in orders])
    assert (statuses, left) == ([201] * 40, [])
    assert Transfer.objects.filter(pk__in=[id for id, _ in orders]).count() == 40
    assert Nonce.objects.filter(key_id=program.key.pk).count() == sum(groups) == 40
    assert len(groups) < 20
    assert ApiKey.objects.get(pk=program.key.pk).last_used_address == "127.0.0.1"


def test_of_the_same_request_many_times_at_once_one_is_served(shop: Shop, program: Program) -> None:
    [(id, sent)] = _orders(program, shop, 1)
    statuses, left = _serve([sent] * 10)
    assert sorted(statuses) == [201] + [418] * 9
    assert left == [None] * 9
    assert Transfer.objects.filter(pk=id).count() == 1


def test_what_is_left_to_django_after_its_nonce_was_used_says_so(program: Program, database: None) -> None:
    headers = program.headers("POST", PATH, b"{", nonce="12345678")
    assert _serve([(headers, b"{")]) == ([418], [Used(program.key.pk, "12345678")])


def test_no_header_is_a_mark(shop: Shop, program: Program) -> None:
    [(_, (headers, body))] = _orders(program, shop, 1)
    _serve([(headers, body)])
    assert _serve([({**headers, "Qenex.Signed": headers["Signature"]}, body)]) == ([418], [None])


@pytest.mark.parametrize("extra", [{"Cookie": "a=b"}, {"Authorization": "Bearer x"}])
def test_whoever_shows_something_else_besides_is_left_to_django(
    shop: Shop, program: Program, extra: dict[str, str]
) -> None:
    [(_, (headers, body))] = _orders(program, shop, 1)
    assert _serve([({**headers, **extra}, body)]) == ([418], [None])
    assert not Nonce.objects.filter(key_id=program.key.pk).exists()


def test_a_database_that_fails_leaves_it_to_django(
    shop: Shop, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(given: object) -> set[Used]:
        raise OperationalError("gone")

    monkeypatch.setattr(nonces, "use", fail)
    [(id, sent)] = _orders(program, shop, 1)
    assert _serve([sent]) == ([418], [None])
    assert not Transfer.objects.filter(pk=id).exists()


def test_a_superusers_key_has_its_scopes_alone(database: None, shop: Shop) -> None:
    user = User.objects.get(pk=make_user(is_superuser=True).pk)
    program = make_program(user, "transfers", books=[shop.book.pk])
    found = signers._find(program.key.key_id)
    assert found is not None
    assert (found[1].permissions, found[1].books) == (frozenset({"ledger.post_transfer"}), frozenset({shop.book.pk}))
    assert signers._find("qk_nobody") is None
    assert usage.apikey_used([]) == 0
