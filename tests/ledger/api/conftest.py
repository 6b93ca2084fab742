"""People, books and clients of the API's tests."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from ledger.models import Account
from qenex.kernel.ids import uuid7
from tests.kernel.conftest import make_user
from tests.ledger.api.transports import TRANSPORTS, Reply, Transport
from tests.support.ledger import Shop, make_shop
from tests.support.marked import marked
from tests.support.tokens import bearer

Body = dict[str, Any]
EVERYTHING = (
    *(f"ledger.{action}_{model}" for model in ("book", "account") for action in ("view", "add", "change")),
    *("ledger.view_asset", "ledger.add_asset", "ledger.view_transfer", "ledger.post_transfer"),
    *("ledger.view_journal", "ledger.post_journal", "ledger.reverse_journal", "ledger.post_exchange"),
    *("ledger.view_hold", "ledger.resolve_hold"),
    *("ledger.view_rolelimit", "ledger.add_rolelimit", "ledger.delete_rolelimit"),
)


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with customers who have 100.00 each and cannot be overdrawn."""
    return make_shop(2, funds="100")


def staff(permissions: Iterable[str]) -> User:
    """A user with these permissions."""
    user, wanted = make_user(), set(permissions)
    known = Permission.objects.select_related("content_type")
    with marked():
        user.user_permissions.set(
            [each for each in known if f"{each.content_type.app_label}.{each.codename}" in wanted]
        )
    return user


@pytest.fixture
def clerk(database: None) -> User:
    """Somebody who may do everything in the ledger."""
    return staff(EVERYTHING)


class Api:
    """A program with a token; POST requests carry a fresh Idempotency-Key unless one is given."""

    def __init__(self, user: User) -> None:
        self.token = bearer(user)
        self.client = Client(headers={"Authorization": f"Bearer {self.token}"}, raise_request_exception=True)

    def get(self, path: str, query: Body | None = None, headers: dict[str, str] | None = None) -> Reply:
        """GET."""
        return _reply(self.client.get(f"/api/v1/{path}", query or {}, headers=headers or {}))

    def send(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        """Any other method with a JSON body."""
        text = body if isinstance(body, str) else json.dumps(body)
        return _reply(self.client.generic(method, f"/api/v1/{path}", text, "application/json", headers=headers or {}))

    def post(self, path: str, body: Any, key: str | None = None) -> Reply:
        """POST with an Idempotency-Key."""
        return self.send("POST", path, body, {"Idempotency-Key": key or uuid7().hex})

    def patch(self, path: str, body: Any, tag: str | None = None) -> Reply:
        """PATCH with the ETag that is expected, if one is."""
        return self.send("PATCH", path, body, {} if tag is None else {"If-Match": tag})


def _reply(answer: Any) -> Reply:
    return Reply(answer.status_code, dict(answer.items()), answer.content)


@pytest.fixture
def api(clerk: User) -> Api:
    """The clerk's program."""
    return Api(clerk)


Post = Callable[..., Reply]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each of the ways to post transfers."""
    return TRANSPORTS[request.param]


@pytest.fixture
def send(transport: Transport, api: Api) -> Post:
    """Posts a body to one of the two routes that have more than one way: `send("transfers", {...})`."""

    def post(path: str, body: Any, content_type: str = "application/json", **headers: str) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        defaults = {"Content-Type": content_type, "Authorization": f"Bearer {api.token}"}
        return transport(f"/api/v1/{path}", raw, {**defaults, **headers})

    return post


def pair(shop: Shop) -> tuple[Account, Account]:
    """Both customers: the one who pays and the one who is paid."""
    payer, payee = shop.customers
    return payer, payee


def transfer(shop: Shop, amount: Any = "1.00", **fields: Any) -> Body:
    """A customer's payment to the other one, as JSON; a field that is none is left out."""
    given = {
        "id": str(uuid7()),
        "debit_account": str(shop.customers[0].pk),
        "credit_account": str(shop.customers[1].pk),
        "amount": amount,
        **fields,
    }
    return {name: value for name, value in given.items() if value is not None}
