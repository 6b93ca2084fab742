"""Tokens on the fast path of posting transfers: looked up once a second."""

import asyncio
import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test.utils import CaptureQueriesContext

from ledger.api.hot import principals
from ledger.api.hot.principals import LIFETIME, MAX_HEADER, Principals
from ledger.models import Transfer
from qenex.access.tokens import families_end, family_start
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import transfer
from tests.ledger.api.transports import Reply, hot
from tests.support.forgery import forge, parts
from tests.support.ledger import Shop, make_shop, transfer_count
from tests.support.marked import marked
from tests.support.people import staff_client


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with customers."""
    return make_shop(2, funds="100")


@pytest.fixture
def clerk(database: None) -> User:
    """Somebody who may post."""
    return make_user("ledger.post_transfer")


def pay(shop: Shop, token: str, scheme: str = "Bearer") -> Reply:
    """Posts a transfer over the fast path."""
    body: Any = {"book": shop.book.code, **transfer(shop)}
    headers = {"Content-Type": "application/json", "Authorization": f"{scheme} {token}"}
    return hot("/api/v1/transfers", json.dumps(body).encode(), headers)


def test_the_event_says_how_the_actor_was_known(shop: Shop, clerk: User) -> None:
    issued = family_start(user=clerk, method="password")
    reply = pay(shop, issued.access)
    assert reply.status == 201
    event = Event.objects.get(id=Transfer.objects.get(pk=reply.json()["id"]).event_id)
    actor = json.loads(bytes(event.body))["actor"]
    assert (actor["method"], actor["key_id"]) == ("jwt", str(issued.family))


def test_a_token_is_looked_up_once_a_second(clerk: User) -> None:
    token = family_start(user=clerk, method="password").access
    with CaptureQueriesContext(connections["default"]) as queries:
        found = principals._find(f"Bearer {token}".encode())
    assert found is not None
    assert (found.id, found.method, found.permissions) == (clerk.pk, "jwt", frozenset({"ledger.post_transfer"}))
    assert len(queries) == 4  # the family with its user, the user's own and the groups' permissions, the books in reach


def _changed(user: User, **fields: Any) -> int:
    """Past every service. Returns 0, so that `or` goes on."""
    with marked():
        return User.objects.filter(pk=user.pk).update(**fields) - 1


ENDS = {
    "ended": lambda user: families_end(user=user, reason="by_administrator"),
    "deactivated": lambda user: _changed(user, is_active=False),
    "deactivated and back": lambda user: _changed(user, is_active=False) or _changed(user, is_active=True),
    "new password": lambda user: _changed(user, password="another"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_within_a_second_it_is_dead(shop: Shop, clerk: User, end: Any) -> None:
    token = family_start(user=clerk, method="password").access
    assert pay(shop, token).status == 201
    end(clerk)
    time.sleep(LIFETIME)
    reply = pay(shop, token)
    assert (reply.status, reply.code) == (401, "authentication_failed")
    assert transfer_count(shop.book) == 3


def test_what_its_user_ends_on_his_page_is_dead_within_a_second(shop: Shop, clerk: User) -> None:
    issued = family_start(user=clerk, method="password")
    assert pay(shop, issued.access).status == 201
    assert staff_client(clerk).post(f"/admin/security/tokens/{issued.family}/end/").status_code == 302
    time.sleep(LIFETIME)
    reply = pay(shop, issued.access)
    assert (reply.status, reply.code) == (401, "authentication_failed")
    assert transfer_count(shop.book) == 3


def test_a_removed_permission_is_gone_within_a_second(shop: Shop, clerk: User) -> None:
    token = family_start(user=clerk, method="password").access
    assert pay(shop, token).status == 201
    with marked():
        clerk.user_permissions.clear()
    time.sleep(LIFETIME)
    reply = pay(shop, token)
    assert (reply.status, reply.code) == (403, "permission_denied")
    assert transfer_count(shop.book) == 3


def test_forged_tokens_are_refused_there_too(shop: Shop, clerk: User) -> None:
    issued = family_start(user=clerk, method="password")
    header, claims = parts(issued.access)
    forged = [
        forge(header | {"alg": "none"}, claims, lambda text: b""),
        forge(header, claims, lambda text: bytes(64)),
        forge(header, claims | {"aud": "another"}),
        issued.refresh or "",
    ]
    for token in forged:
        reply = pay(shop, token)
        assert (reply.status, reply.code) == (401, "authentication_failed")
    reply = pay(shop, issued.access, "Token")
    assert (reply.status, reply.code) == (401, "not_authenticated")
    assert transfer_count(shop.book) == 2


def test_a_header_that_is_too_long_is_not_looked_at(database: None) -> None:
    found = Principals()
    assert asyncio.run(found.of(b"Bearer " + b"a" * MAX_HEADER)) is None
    assert found._known == {}
