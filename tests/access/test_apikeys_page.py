"""The pages on which administrators make and revoke keys, and those on which owners collect the secrets."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from qenex.access.apikeys import apikey_prepare, callers
from qenex.access.apikeys.services import CREATE
from qenex.access.models import ApiKey, ApiKeySecret, Approval
from qenex.kernel.models import Event
from tests.support.approvals import policy
from tests.support.ledger import make_book
from tests.support.people import make_user, staff_client
from tests.support.signing import Program, make_program

LIST = "/admin/access/apikey/"
ADD = f"{LIST}add/"


@pytest.fixture
def owner(database: None) -> User:
    """Somebody whose programs are to have keys."""
    return make_user(roles=("operations",))


@pytest.fixture
def administrator(database: None) -> Client:
    """An administrator's browser."""
    return staff_client(make_user(roles=("administrator",)))


@pytest.fixture
def program(owner: User) -> Program:
    """A key."""
    return make_program(owner, "read")


def _given(user: User, **fields: Any) -> dict[str, Any]:
    return {"name": "Payroll", "owner": user.username, "scopes": ["read"], "reason": "Needed", **fields}


def _secret(page: str) -> str:
    [found] = re.findall(r"<code[^>]*>([0-9a-f]{64})</code>", page)
    return str(found)


def _own(key: ApiKey) -> str:
    return f"/admin/security/keys/{key.pk}/"


def _secrets(key: ApiKey) -> tuple[str, ...]:
    found = callers.find(key.key_id)
    return tuple(each.hex() for each in found.secrets) if found else ()


def test_an_administrator_makes_a_key_and_sees_no_secret_of_it(administrator: Client, owner: User) -> None:
    book = make_book()
    assert book.code in administrator.get(ADD).content.decode()
    given = _given(
        owner, permissions=["ledger.post_transfer"], books=[str(book.pk)], cidrs="10.0.0.0/8\n::1/128", days=9
    )
    answer = administrator.post(ADD, given, follow=True)
    key = ApiKey.objects.get(owner=owner)
    assert answer.redirect_chain == [(f"{LIST}{key.pk}/change/", 302)]
    page = answer.content.decode()
    assert f"The secret waits for {owner.username}" in page
    assert key.key_id in page
    assert re.findall(r"[0-9a-f]{64}", page) == []
    assert (key.scopes, key.books, key.cidrs) == (
        ["ledger.post_transfer", "read"],
        [book.pk],
        ["10.0.0.0/8", "::1/128"],
    )
    assert (_secrets(key), ApiKeySecret.objects.filter(key=key).count()) == ((), 0)
    event = json.loads(bytes(Event.objects.get(subject_id=str(key.pk), type__startswith="access.apikey.").body))
    assert (event["type"], event["reason"], event["actor"]["method"]) == ("access.apikey.created", "Needed", "session")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"owner": "nobody"}, "There is no active user of this name."),
        ({"scopes": []}, "A key has at least one scope."),
        ({"permissions": ["access.check_approval"]}, "Select a valid choice."),
        ({"books": ["00000000-0000-0000-0000-000000000007"]}, "Select a valid choice."),
        ({"cidrs": "10.0.0.1/8"}, "10.0.0.1/8 has host bits set."),
        ({"days": 0}, "greater than or equal to 1"),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_is_not_in_order_makes_no_key(
    administrator: Client, owner: User, fields: dict[str, Any], error: str
) -> None:
    answer = administrator.post(ADD, _given(owner, **fields))
    assert (answer.status_code, error in answer.content.decode()) == (200, True)
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_a_key_that_takes_two_people_is_asked_for(administrator: Client, owner: User) -> None:
    with policy(CREATE):
        answer = administrator.post(ADD, _given(owner, scopes=["transfers"]))
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert not ApiKey.objects.filter(owner=owner).exists()
    asked = Approval.objects.filter(command=CREATE).latest("created_at")
    assert (json.loads(bytes(asked.payload))["owner"], asked.reason) == (owner.pk, "Needed")


def test_whoever_cannot_sign_in_gets_the_secret_from_an_operator(administrator: Client) -> None:
    service = make_user(is_staff=False)
    page = administrator.post(ADD, _given(service), follow=True).content.decode()
    key = ApiKey.objects.get(owner=service)
    assert f"An operator makes the secret with apikey_rotate {key.key_id}: {service.username} cannot sign in." in page
    assert _secrets(key) == ()


def test_a_key_is_rotated_retired_and_revoked(administrator: Client, owner: User, program: Program) -> None:
    key, page = program.key, f"{LIST}{program.key.pk}"
    asked = administrator.post(f"{page}/rotate/", {"reason": "Yearly"}, follow=True).content.decode()
    assert f"The secret waits for {owner.username}" in asked
    assert _secrets(key) == (program.secret.hex(),)
    assert key.key_id in administrator.get(f"{LIST}?state=waiting").text
    new = _secret(staff_client(owner).post(_own(key), {"do": "collect"}).content.decode())
    assert _secrets(key) == (new, program.secret.hex())
    assert "two secrets" in administrator.post(f"{page}/rotate/", {"reason": "Again"}).content.decode()
    assert administrator.post(f"{page}/retire/", {"reason": "Done"}).status_code == 302
    assert _secrets(key) == (new,)
    assert administrator.post(f"{page}/revoke/", {"reason": "Lost"}).status_code == 302
    assert _secrets(key) == ()
    assert "The key is revoked." in administrator.post(f"{page}/rotate/", {"reason": "x"}).content.decode()
    states = [
        len(re.findall(key.key_id, administrator.get(f"{LIST}?state={each}").text)) for each in ("live", "revoked")
    ]
    assert states[0] == 0 < states[1]


@pytest.mark.parametrize("page", ["rotate", "retire", "revoke"])
def test_looking_at_a_page_changes_nothing_and_a_reason_is_demanded(
    administrator: Client, program: Program, page: str
) -> None:
    address = f"{LIST}{program.key.pk}/{page}/"
    assert administrator.get(address).status_code == 200
    assert administrator.post(address, {"reason": ""}).status_code == 200
    assert _secrets(program.key) == (program.secret.hex(),)
    assert administrator.get(f"{LIST}00000000-0000-0000-0000-000000000007/{page}/").status_code == 404


@pytest.mark.parametrize("page", ["add/", "{}/rotate/", "{}/retire/", "{}/revoke/"])
def test_only_those_may_who_have_the_permission_and_a_fresh_second_factor(program: Program, page: str) -> None:
    address = LIST + page.format(program.key.pk)
    for who, stepped_up, books, status in (
        ("operations", True, (), 403),
        ("auditor", True, (), 403),
        ("administrator", True, (make_book().pk,), 403),
        ("administrator", False, (), 302),
    ):
        client = staff_client(make_user(roles=(who,), books=books), stepped_up=stepped_up)
        assert client.post(address, {"reason": "x"}).status_code == status, (who, stepped_up)
    assert _secrets(program.key) == (program.secret.hex(),)


@pytest.fixture
def waiting(owner: User) -> ApiKey:
    """A key that somebody else has made."""
    return apikey_prepare(owner=owner, name="Payroll", scopes=["read"])


def test_the_owner_collects_the_secret_once_on_a_page_that_nobody_keeps(owner: User, waiting: ApiKey) -> None:
    client, header = staff_client(owner), "secrets wait for you"
    assert all(header in client.get(page).text for page in ("/admin/", "/admin/security/"))
    assert header not in staff_client(make_user(roles=("operations",))).get("/admin/").text
    assert "Waiting for you to collect its secret" in client.get("/admin/security/").text
    assert "Collect the secret" in client.get(_own(waiting)).text
    assert _secrets(waiting) == ()
    answer = client.post(_own(waiting), {"do": "collect"})
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    secret = _secret(answer.content.decode())
    assert _secrets(waiting) == (secret,)
    again = client.post(_own(waiting), {"do": "collect"}, follow=True).text
    assert "No secret of this key waits to be collected." in again
    for page in (again, client.get("/admin/security/").text):
        assert secret not in page
        assert "Waiting for you" not in page
    assert header not in client.get("/admin/").text
    assert _secrets(waiting) == (secret,)
    event = Event.objects.get(subject_id=str(waiting.pk), type="access.apikey.collected")
    assert secret.encode() not in bytes(event.body)
    assert json.loads(bytes(event.body))["actor"]["id"] == owner.pk


def test_an_owner_rotates_retires_and_revokes_a_key_of_his_own(owner: User, program: Program) -> None:
    client, page, first = staff_client(owner), _own(program.key), program.secret.hex()
    second = _secret(client.post(page, {"do": "rotate"}).content.decode())
    assert _secrets(program.key) == (second, first)
    assert "two secrets" in client.post(page, {"do": "rotate"}, follow=True).text
    assert client.post(page, {"do": "nothing"}).status_code == 302
    assert _secrets(program.key) == (second, first)
    assert "It is done." in client.post(page, {"do": "retire"}, follow=True).text
    assert _secrets(program.key) == (second,)
    assert "The key is revoked." in client.post(page, {"do": "revoke"}, follow=True).text
    assert _secrets(program.key) == ()
    assert "The key is revoked." in client.post(page, {"do": "rotate"}, follow=True).text
    assert "Payroll" not in client.get("/admin/security/").text


@pytest.mark.parametrize("do", ["collect", "rotate", "retire", "revoke"])
def test_nobody_elses_page_of_a_key_answers_and_the_owners_asks_for_the_second_factor(
    owner: User, waiting: ApiKey, do: str
) -> None:
    for stranger in (make_user(roles=("administrator",)), make_user(superuser=True)):
        client = staff_client(stranger)
        assert client.get(_own(waiting)).status_code == 404
        assert client.post(_own(waiting), {"do": do}).status_code == 404
    stale = staff_client(owner, stepped_up=False)
    for answer in (stale.get(_own(waiting)), stale.post(_own(waiting), {"do": do})):
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/step-up/")
    forged = staff_client(owner, enforce_csrf_checks=True)
    assert forged.post(_own(waiting), {"do": do}).status_code == 403
    key = ApiKey.objects.get(pk=waiting.pk)
    assert (_secrets(key), key.secret_due_at, key.revoked_at) == ((), waiting.secret_due_at, None)


def test_a_list_without_a_key_says_why(administrator: Client) -> None:
    """Keys of other tests may be there, but none that is called this."""
    answer = administrator.get(f"{LIST}?q=no-such-key").content.decode()
    assert '<p class="empty-state">Nothing matches these filters.</p>' in answer
