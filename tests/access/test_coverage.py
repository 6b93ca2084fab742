"""Nothing changes without an event that says who did it, from where and how he was known."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client

from qenex.access import passwords
from qenex.access.apikeys import apikey_rotate
from qenex.access.mfa import checking, enrolment, totp
from qenex.access.tokens import family_refresh, family_start
from qenex.kernel import audited
from qenex.kernel.events import MASKED, changes_of
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.access.walk.addresses import ACTION, Address, addresses
from tests.access.walk.asking import ENDING
from tests.access.walk.world import NOBODY, World
from tests.support.callgraph import EVENTS, CallGraph
from tests.support.filling import Form
from tests.support.marked import marked
from tests.support.people import PASSWORD, code, make_user, staff_client, with_password
from tests.support.signing import make_program

WITHOUT = {
    "qenex.access.apikeys.nonces.use": "A nonce is used by a request, which has events of its own.",
    "qenex.access.apikeys.usage.apikey_used": "When a key was last used; each thing that it does is an event.",
    "qenex.access.sessions.session_rekey": "The session goes on under another key.",
}
"""Services that write no event, each with the reason. What they write is excepted from the triggers as well."""


def test_every_service_writes_an_event() -> None:
    graph = CallGraph()
    services = graph.services()
    assert len(services) > 60
    assert services - graph.reaching(EVENTS) == WITHOUT.keys()


def _state() -> dict[str, tuple[int, int]]:
    """Of every audited table how many rows it has, and a digest of the columns that count."""
    rows = {name: ", ".join(f'"{column}"' for column in table.columns) for name, table in audited.tables().items()}
    counts = (
        f"SELECT '{name}', count(*), coalesce(sum(hashtext(ROW({columns})::text)), 0) FROM {name}"  # noqa: S608  # names of ours
        for name, columns in rows.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return {name: (count, digest) for name, count, digest in cursor.fetchall()}


class _Doer:
    """A superuser who fills in every form and sends it."""

    def __init__(self) -> None:
        self.user = make_user(superuser=True)
        self.client = staff_client(self.user, raise_request_exception=False)

    def do(self, address: Address, world: World, request_id: str) -> int:
        """The status of the answer."""
        path, sent = world.path(address), {"X-Request-ID": request_id}
        if address.method == ACTION:
            chosen = [str(world.object_of(address) or NOBODY)]
            asked = {"action": address.route.partition(" ")[2], "_selected_action": chosen, "post": "yes"}
            return int(self.client.post(path, asked, headers=sent).status_code)
        if address.route.startswith("api/"):
            sent |= {"Idempotency-Key": uuid7().hex, "If-Match": '"1"'}
            body = json.dumps({"reason": "a test", "name": "Renamed", "comment": "fine"})
            return int(self.client.generic(address.method, path, body, "application/json", headers=sent).status_code)
        page = self.client.get(path)
        shown = page.status_code == 200 and page.get("Content-Type", "").startswith("text/html")
        fields = Form(page.text).fields if shown else {}
        answer = self.client.post(path, {**fields, "_selected": "1"}, headers=sent)
        return int(answer.status_code)


@pytest.fixture
def doer(database: None) -> _Doer:
    return _Doer()


def test_whatever_an_address_changes_has_an_event_with_actor_method_address_and_request(doer: _Doer) -> None:
    world, changing = World(), []
    writing = [
        each for each in addresses() if each.writes and each.route not in ENDING and "password" not in each.route
    ]
    before = _state()
    for number, address in enumerate(writing):
        request_id = f"coverage-{number}-{doer.user.pk}"
        status = doer.do(address, world, request_id)
        assert status < 500, address
        after = _state()
        if after != before:
            changing.append(address)
            _check(doer.user, address, request_id, {name for name in after if after[name] != before[name]})
        before = after
    assert len(writing) > 80
    assert len(changing) > 12, changing


def _check(user: User, address: Address, request_id: str, tables: set[str]) -> None:
    found = [reveal(event.body).body for event in Event.objects.filter(request_id=request_id)]
    assert found, (address, tables)
    for event in found:
        actor = event["actor"]
        assert actor["id"] == user.pk, address
        assert actor["method"] in ("session", "approval"), address
        assert (actor["address"], bool(actor["key_id"])) == ("127.0.0.1", True), address


def test_a_role_that_is_deleted_on_a_page_or_in_the_list_is_told_of_with_what_it_could_do(database: None) -> None:
    client, member = staff_client(make_user(superuser=True)), make_user()
    for in_list in (False, True):
        with marked():
            role = Group.objects.create(name=uuid7().hex)
            role.permissions.add(Permission.objects.get(codename="view_book"))
            member.groups.add(role)
        if in_list:
            chosen = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
            client.post("/admin/auth/group/", chosen)
        else:
            client.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"})
        event = reveal(Event.objects.get(type="access.role.deleted", subject_id=str(role.pk)).body).body
        assert event["data"] == {"role": role.name, "members": [member.pk]}
        assert event["changes"] == {"permissions": {"before": ["ledger.view_book"], "after": []}}
        assert not Group.objects.filter(pk=role.pk).exists()


def test_no_event_has_a_password_a_seed_a_code_a_secret_or_a_token(database: None) -> None:
    last = Event.objects.latest("transaction", "id")
    person = with_password(make_user(), PASSWORD)
    new = f"a violet tractor hums {uuid7().hex}"
    passwords.password_change(user=person, password=new)
    pending = enrolment.app_begin(user=person)
    assert pending.secret is not None
    shown = code(pending)
    assert enrolment.app_confirm(user=person, code=shown)
    recovery = enrolment.recovery_codes_make(user=person)
    checking.check(person, recovery[0])
    issued = family_start(user=person, method="password")
    assert issued.refresh is not None
    again = family_refresh(refresh=issued.refresh)
    program = make_program(person, "read")
    other = apikey_rotate(key=program.key.pk)
    browser = Client()
    browser.post("/admin/login/", {"username": person.username, "password": f"wrong {new}"})
    person.refresh_from_db()
    secrets: list[str] = [PASSWORD, new, person.password, totp.as_text(pending.secret), pending.secret.hex(), *recovery]
    secrets += [issued.access, issued.refresh, again.access, program.secret.hex(), other.text]
    written = list(Event.objects.filter(transaction__gt=last.transaction))
    said = json.dumps([reveal(event.body).body for event in written])
    assert len(written) >= 10
    assert [secret for secret in secrets if secret in said] == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"name": "a", "secret": "x"}, {"name": "a", "secret": "x"}, {}),
        ({"name": "a", "secret": "x"}, {"name": "b", "secret": "x"}, {"name": ("a", "b")}),
        ({"name": "a", "secret": "x"}, {"name": "a", "secret": "y"}, {"secret": (MASKED, MASKED)}),
        ({}, {"name": "b", "secret": "y"}, {"name": (None, "b"), "secret": (None, MASKED)}),
        ({"secret": "x"}, {"secret": None}, {"secret": (MASKED, None)}),
    ],
)
def test_what_changed_is_told_field_by_field_and_secrets_only_that_they_did(
    before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert changes_of(before, after, masked=("secret",)) == expected
