"""Requests that are signed with a key, by each of the ways in which they reach us: accepted and refused ones."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from ledger.models import Transfer
from qenex.access import scopes
from qenex.access.apikeys import apikey_revoke, apikey_rotate
from qenex.access.apikeys.problems import WANTED
from qenex.access.models import ApiKey, Nonce
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import transfer
from tests.ledger.api.transports import TRANSPORTS, Reply, Transport
from tests.support.ledger import Shop, make_shop
from tests.support.marked import marked
from tests.support.signing import Program, changed, make_program

pytestmark = pytest.mark.usefixtures("database")
PATH = "/api/v1/transfers"
Fields = dict[str, str]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each of the ways to post transfers."""
    return TRANSPORTS[request.param]


@pytest.fixture
def shop() -> Shop:
    """A book with two customers."""
    return make_shop(2, funds="100")


@pytest.fixture
def owner() -> User:
    """Somebody who may look at books and post transfers."""
    return make_user("ledger.view_book", "ledger.view_account", "ledger.post_transfer")


@pytest.fixture
def program(owner: User) -> Program:
    """A key of that person for just this."""
    return make_program(owner, "read", "transfers")


class Order:
    """A transfer that is about to be posted, signed or not."""

    def __init__(self, shop: Shop, transport: Transport) -> None:
        given = transfer(shop)
        self.id = UUID(given["id"])
        self.body = json.dumps({**given, "book": shop.book.code}).encode()
        self.transport = transport

    def send(self, headers: Fields, *, path: str = PATH, body: bytes | None = None) -> Reply:
        """The answer to it."""
        plain = {"Content-Type": "application/json", "Idempotency-Key": self.id.hex, **headers}
        return self.transport(path, self.body if body is None else body, plain)

    @property
    def done(self) -> bool:
        """Whether it was posted."""
        return Transfer.objects.filter(pk=self.id).exists()


@pytest.fixture
def order(shop: Shop, transport: Transport) -> Order:
    """A transfer by each of the ways."""
    return Order(shop, transport)


def _refused(order: Order, answer: Reply, status: int, code: str) -> None:
    assert (answer.status, answer.code, order.done) == (status, code, False)
    assert ("Accept-Signature" in answer.headers) is (status == 401)


@pytest.mark.smoke
def test_a_signed_transfer_is_posted_by_the_owner_of_the_key(order: Order, program: Program, owner: User) -> None:
    answer = order.send(program.headers("POST", PATH, order.body))
    assert (answer.status, order.done) == (201, True)
    event = reveal(Event.objects.get(pk=Transfer.objects.get(pk=order.id).event_id).body).body
    who = {"id": owner.pk, "name": owner.username, "address": "127.0.0.1", "method": "api-key"}
    assert event["actor"] == {**who, "key_id": program.key.key_id, "on_behalf_of": None}
    key = ApiKey.objects.get(pk=program.key.pk)
    assert key.last_used_address == "127.0.0.1"
    assert Nonce.objects.filter(key_id=key.pk).count() == 1


@pytest.mark.smoke
def test_a_replayed_request_is_refused_whichever_way_either_came(order: Order, program: Program) -> None:
    headers = program.headers("POST", PATH, order.body)
    assert order.send(headers).status == 201
    for again in TRANSPORTS.values():
        order.transport = again
        answer = order.send(headers)
        assert (answer.status, answer.code) == (401, "nonce_reused")
    assert Transfer.objects.filter(pk=order.id).count() == 1


def test_a_nonce_is_used_once_whatever_it_signs(order: Order, program: Program, shop: Shop) -> None:
    nonce = uuid4().hex
    assert order.send(program.headers("POST", PATH, order.body, nonce=nonce)).status == 201
    second = Order(shop, order.transport)
    _refused(second, second.send(program.headers("POST", PATH, second.body, nonce=nonce)), 401, "nonce_reused")
    other = make_program(User.objects.get(pk=program.key.owner_id), "transfers")
    assert second.send(other.headers("POST", PATH, second.body, nonce=nonce)).status == 201


@pytest.mark.smoke
def test_of_a_request_that_comes_on_many_connections_at_once_one_is_carried_out(order: Order, program: Program) -> None:
    headers = program.headers("POST", PATH, order.body)

    def send(_: int) -> int:
        try:
            return order.send(headers).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(send, range(8))) == [201] + [401] * 7


def test_what_is_refused_for_its_form_is_no_replay_the_first_time(order: Order, program: Program) -> None:
    order.body = b'{"amount":'
    headers = program.headers("POST", PATH, order.body)
    _refused(order, order.send(headers), 400, "malformed")
    _refused(order, order.send(headers), 401, "nonce_reused")


def test_the_same_order_signed_again_gets_the_same_answer(order: Order, program: Program) -> None:
    first, second = (order.send(program.headers("POST", PATH, order.body)) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert second.json() == {**first.json(), "replayed": True}


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("PUT", PATH, "http://testserver"),
        ("POST", "/api/v1/transfers/batch", "http://testserver"),
        ("POST", PATH + "?dry=1", "http://testserver"),
        ("POST", PATH + "/", "http://testserver"),
        ("POST", PATH, "https://testserver"),
        ("POST", PATH, "http://testserver:81"),
        ("POST", PATH, "http://elsewhere.example"),
    ],
)
def test_a_signature_for_another_target_is_refused(
    order: Order, program: Program, method: str, path: str, host: str
) -> None:
    answer = order.send(program.headers(method, path, order.body, host=host))
    _refused(order, answer, 401, "signature_invalid")
    assert answer.headers["Accept-Signature"] == WANTED
    assert not Nonce.objects.filter(key_id=program.key.pk).exists()


@pytest.mark.parametrize(
    "spoil", [lambda body: body[:-1], lambda body: body.replace(b"1.00", b"9.00"), lambda body: b""]
)
def test_another_body_is_refused(order: Order, program: Program, spoil: Any) -> None:
    answer = order.send(program.headers("POST", PATH, order.body), body=spoil(order.body))
    _refused(order, answer, 400, "digest_invalid")


def test_another_body_with_its_own_digest_is_refused(order: Order, program: Program) -> None:
    headers = program.headers("POST", PATH, order.body)
    other = order.body.replace(b"1.00", b"9.00")
    digest = program.headers("POST", PATH, other)["Content-Digest"]
    _refused(order, order.send(changed(headers, content_digest=digest), body=other), 401, "signature_invalid")


@pytest.mark.parametrize(
    ("age", "code"), [(301, "signature_expired"), (-65, "signature_expired"), (290, ""), (-50, "")]
)
def test_a_signature_counts_for_five_minutes(order: Order, program: Program, age: int, code: str) -> None:
    answer = order.send(program.headers("POST", PATH, order.body, age=age))
    if code:
        _refused(order, answer, 401, code)
    else:
        assert answer.status == 201


@pytest.mark.parametrize("without", ["created", "nonce", "key_id", "@method", "@target-uri", "content-digest"])
def test_what_must_be_signed_is_demanded(order: Order, program: Program, without: str) -> None:
    everything = ("@method", "@target-uri", "content-digest")
    if without in everything:
        headers = program.headers("POST", PATH, order.body, components=[n for n in everything if n != without])
    else:
        signed = program.headers("POST", PATH, order.body)
        name = "keyid" if without == "key_id" else without
        fields = [each for each in signed["Signature-Input"].split(";") if not each.startswith(f"{name}=")]
        headers = changed(signed, signature_input=";".join(fields))
    _refused(order, order.send(headers), 401, "signature_incomplete")


@pytest.mark.parametrize("field", ["Signature", "Signature-Input"])
def test_one_field_without_the_other_is_no_signature(order: Order, program: Program, field: str) -> None:
    headers = program.headers("POST", PATH, order.body)
    del headers[field]
    _refused(order, order.send(headers), 401, "signature_missing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signature", "sig1=abc"),
        ("signature_input", "sig1=;;"),
        ("signature", "sig1=:AAAA:, sig2=:AAAA:"),
        ("content_digest", "md5=:AAAA:"),
    ],
)
def test_what_cannot_be_read_is_malformed(order: Order, program: Program, field: str, value: str) -> None:
    headers = changed(program.headers("POST", PATH, order.body), **{field: value})
    answer = order.send(headers)
    code = "signature_invalid" if field == "content_digest" else "signature_malformed"
    _refused(order, answer, 401 if field == "content_digest" else 400, code)


@pytest.mark.parametrize("nonce", ["short", "x" * 129])
def test_a_nonce_that_is_too_short_or_too_long_is_malformed(order: Order, program: Program, nonce: str) -> None:
    _refused(order, order.send(program.headers("POST", PATH, order.body, nonce=nonce)), 400, "signature_malformed")


def _revoked(program: Program) -> Program:
    apikey_revoke(key=program.key.pk)
    return program


def _expired(program: Program) -> Program:
    now = clock.now()
    with marked():
        ApiKey.objects.filter(pk=program.key.pk).update(created_at=now - timedelta(days=1), expires_at=now)
    return program


def _ownerless(program: Program) -> Program:
    with marked():
        User.objects.filter(pk=program.key.owner_id).update(is_active=False)
    return program


@pytest.mark.parametrize(
    "kill",
    [
        _revoked,
        _expired,
        _ownerless,
        lambda program: replace(program, secret=bytes(32)),
        lambda program: replace(program, key=ApiKey(key_id="qk_nobody")),
    ],
)
def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(order: Order, program: Program, kill: Any) -> None:
    answer = order.send(kill(program).headers("POST", PATH, order.body))
    _refused(order, answer, 401, "signature_invalid")
    assert answer.json()["detail"] == "The signature is not one of a known key over this message."


def test_a_key_is_dead_within_a_second_of_being_revoked(order: Order, program: Program, shop: Shop) -> None:
    assert order.send(program.headers("POST", PATH, order.body)).status == 201
    apikey_revoke(key=program.key.pk)
    time.sleep(1.05)
    second = Order(shop, order.transport)
    _refused(second, second.send(program.headers("POST", PATH, second.body)), 401, "signature_invalid")


def test_both_secrets_sign_until_the_older_one_is_retired(order: Order, program: Program, shop: Shop) -> None:
    new = replace(program, secret=apikey_rotate(key=program.key.pk).secret)
    second = Order(shop, order.transport)
    assert order.send(program.headers("POST", PATH, order.body)).status == 201
    assert second.send(new.headers("POST", PATH, second.body)).status == 201


def test_a_key_works_from_its_networks_alone(order: Order, owner: User) -> None:
    far = make_program(owner, "transfers", cidrs=["192.0.2.0/24", "2001:db8::/32"])
    _refused(order, order.send(far.headers("POST", PATH, order.body)), 403, "address_refused")
    stranger = replace(far, secret=bytes(32))
    _refused(order, order.send(stranger.headers("POST", PATH, order.body)), 401, "signature_invalid")
    near = make_program(owner, "transfers", cidrs=["192.0.2.0/24", "127.0.0.0/8"])
    assert order.send(near.headers("POST", PATH, order.body)).status == 201


def test_a_key_without_the_scope_may_not(order: Order, owner: User) -> None:
    reader = make_program(owner, "read")
    _refused(order, order.send(reader.headers("POST", PATH, order.body)), 403, "permission_denied")


def test_a_key_is_worth_no_more_than_its_owner_now(order: Order, program: Program, owner: User) -> None:
    with marked():
        owner.user_permissions.remove(*owner.user_permissions.filter(codename="post_transfer"))
    _refused(order, order.send(program.headers("POST", PATH, order.body)), 403, "permission_denied")


def test_a_key_reaches_its_own_books_alone(order: Order, owner: User, shop: Shop) -> None:
    other = make_shop(2, funds="100")
    elsewhere = make_program(owner, "transfers", books=[other.book.pk])
    _refused(order, order.send(elsewhere.headers("POST", PATH, order.body)), 422, "book_not_found")
    here = make_program(owner, "transfers", books=[shop.book.pk])
    assert order.send(here.headers("POST", PATH, order.body)).status == 201


def test_a_key_reaches_no_book_that_its_owner_has_lost(order: Order, owner: User, shop: Shop) -> None:
    here, other = make_program(owner, "transfers", books=[shop.book.pk]), make_shop(1)
    scopes.scope_set(user=owner, books=[other.book.pk])
    _refused(order, order.send(here.headers("POST", PATH, order.body)), 422, "book_not_found")


def test_what_an_owner_has_lost_his_key_has_lost_within_a_second(
    order: Order, program: Program, owner: User, shop: Shop
) -> None:
    scopes.scope_set(user=owner, books=[shop.book.pk])
    assert order.send(program.headers("POST", PATH, order.body)).status == 201
    scopes.scope_set(user=owner, books=[make_shop(1).book.pk])
    time.sleep(1.05)
    second = Order(shop, order.transport)
    _refused(second, second.send(program.headers("POST", PATH, second.body)), 422, "book_not_found")
    scopes.scope_set(user=owner, books=None)
    with marked():
        owner.user_permissions.remove(*owner.user_permissions.filter(codename="post_transfer"))
    time.sleep(1.05)
    _refused(second, second.send(program.headers("POST", PATH, second.body)), 403, "permission_denied")


def test_requests_without_a_body_are_signed_with_path_and_query(program: Program, shop: Shop) -> None:
    path = f"/api/v1/books?code={shop.book.code}"
    client = Client()
    answer = client.get(path, headers=program.headers("GET", path))
    assert (answer.status_code, [book["code"] for book in answer.json()["results"]]) == (200, [shop.book.code])
    for wrong in ("/api/v1/books", "/api/v1/books?code=OTHER", "/api/v1/accounts"):
        refused = client.get(wrong, headers=program.headers("GET", path))
        assert (refused.status_code, refused.json()["code"]) == (401, "signature_invalid")


def test_a_keys_lists_show_its_books_alone(owner: User, shop: Shop) -> None:
    make_shop(1)
    program = make_program(owner, "read", books=[shop.book.pk])
    answer = Client().get("/api/v1/books", headers=program.headers("GET", "/api/v1/books"))
    assert [book["id"] for book in answer.json()["results"]] == [str(shop.book.pk)]


def test_a_read_needs_a_new_nonce_too(program: Program) -> None:
    headers = program.headers("GET", "/api/v1/books")
    statuses = [Client().get("/api/v1/books", headers=headers).status_code for _ in range(2)]
    assert statuses == [200, 401]


def test_forgeries_are_one_event_of_their_address_and_none_of_the_key(program: Program) -> None:
    before = Event.objects.count()
    path = f"/api/v1/books/{uuid7()}"
    for _ in range(3):
        Client().get(path, headers=replace(program, secret=bytes(32)).headers("GET", path))
    assert Event.objects.count() <= before + 2  # one, and the key that seals a stranger's address of this month
    refused = json.loads(bytes(Event.objects.filter(type="kernel.request.refused").latest("recorded_at").body))
    assert (refused["data"]["code"], refused["actor"]["id"]) == ("signature_invalid", None)
    assert program.key.key_id not in json.dumps(refused)
