"""Whoever reads the log or personal data, takes a file away, or is refused is in the log himself."""

import json
import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client

from compliance.reads import OBSERVED
from qenex.access.tokens import family_start
from qenex.kernel import events, observing
from qenex.kernel.models import Event
from qenex.kernel.personal import reveal
from tests.access.walk.addresses import _views
from tests.support.ledger import make_shop
from tests.support.people import make_user, staff_client
from tests.support.signing import make_program

READS = ("kernel.events.read", "access.personal_data.read", "kernel.data.exported")


def told(user: User, *types: str) -> list[dict[str, Any]]:
    """The bodies of the user's events of these types, oldest first, with what is sealed in its place."""
    found = Event.objects.filter(actor_id=user.pk, type__in=types).order_by("transaction", "id")
    return [reveal(event.body).body for event in found]


@pytest.fixture
def auditor(database: None) -> User:
    return make_user(roles=("auditor",))


def test_the_table_names_routes_that_there_are() -> None:
    names = {pattern.name for _, pattern in _views()}
    assert {name.removeprefix("admin:") for name in OBSERVED} - names == set()


def test_reading_the_log_is_in_the_log_once_a_page_and_seen_at_the_next(auditor: User) -> None:
    client = staff_client(auditor)
    page = client.get("/admin/kernel/event/", {"actor": auditor.username}, headers={"X-Request-ID": "r-read"})
    assert b">kernel.events.read<" not in page.content
    [event] = told(auditor, "kernel.events.read")
    assert (event["request_id"], event["actor"]["method"]) == ("r-read", "session")
    assert event["actor"]["address"] == "127.0.0.1"
    assert event["actor"]["key_id"]
    data = {"route": "admin:kernel_event_changelist", "path": "/admin/kernel/event/"}
    assert event["data"] == {**data, "filter": {"actor": [auditor.username]}}
    again = client.get("/admin/kernel/event/", {"actor": auditor.username})
    assert b">kernel.events.read<" in again.content
    assert len(told(auditor, "kernel.events.read")) == 2


def test_a_page_of_one_event_names_it(auditor: User) -> None:
    some = Event.objects.latest("recorded_at")
    staff_client(auditor).get(f"/admin/kernel/event/{some.pk}/change/")
    [event] = told(auditor, "kernel.events.read")
    assert event["subject"] == {"type": "event", "id": str(some.pk)}


def test_the_api_of_events_is_the_same_for_tokens_and_keys(auditor: User) -> None:
    issued = family_start(user=auditor, method="password")
    assert (
        Client().get("/api/v1/events?limit=1", headers={"Authorization": f"Bearer {issued.access}"}).status_code == 200
    )
    program = make_program(auditor, "kernel.view_event")
    path = "/api/v1/events?type=x"
    assert Client().get(path, headers=program.headers("GET", path)).status_code == 200
    by_token, by_key = (event["actor"] for event in told(auditor, "kernel.events.read"))
    assert (by_token["method"], by_token["key_id"]) == ("jwt", str(issued.family))
    assert (by_key["method"], by_key["key_id"]) == ("api-key", program.key.key_id)


PERSONAL = sorted(name for name, read in OBSERVED.items() if read.type == "access.personal_data.read")


@pytest.mark.parametrize("name", [each for each in PERSONAL if each.endswith("changelist")])
def test_looking_at_people_is_in_the_log_with_what_was_looked_for_sealed(auditor: User, name: str) -> None:
    path = f"/admin/{name.removeprefix('admin:').removesuffix('_changelist').replace('_', '/')}/"
    assert staff_client(auditor).get(path, {"q": "Zwickmeier"}).status_code in (200, 302)
    staff_client(auditor).get(path)
    found = told(auditor, "access.personal_data.read")
    assert [event["data"]["route"] for event in found][-1] == name
    raw = b"".join(bytes(each.body) for each in Event.objects.filter(actor_id=auditor.pk))
    assert b"Zwickmeier" not in raw


def test_one_s_own_page_is_no_reading_of_personal_data(auditor: User) -> None:
    assert staff_client(auditor).get("/admin/security/").status_code == 200
    assert told(auditor, *READS) == []


def test_a_download_is_an_export_and_a_page_is_none(auditor: User) -> None:
    shop, client = make_shop(1), staff_client(auditor)
    path, query = "/admin/ledger/book/trial-balance/", {"book": shop.book.code}
    assert client.get(path, query).status_code == 200
    assert told(auditor, "kernel.data.exported") == []
    assert client.get(path, {**query, "format": "csv"})["Content-Type"] == "text/csv; charset=utf-8"
    [event] = told(auditor, "kernel.data.exported")
    assert (event["subject"]["type"], event["data"]["path"]) == ("download", path)
    assert event["data"]["filter"] == {"book": [shop.book.code], "format": ["csv"]}


def _refused(actor: str) -> list[dict[str, Any]]:
    found = Event.objects.filter(type="kernel.request.refused", actor=actor).order_by("transaction", "id")
    return [reveal(event.body).body for event in found]


def test_a_refusal_of_staff_a_token_or_a_key_is_an_event_with_its_actor(database: None) -> None:
    person = make_user()
    client = staff_client(person)
    for _ in range(3):
        assert client.get("/admin/kernel/event/").status_code == 403
    [event] = _refused(person.username)
    what = {"status": 403, "code": "", "method": "GET", "route": "admin:kernel_event_changelist"}
    assert event["data"] == {**what, "count": 1, "others": False}
    token = family_start(user=person, method="password")
    assert Client().get("/api/v1/events", headers={"Authorization": f"Bearer {token.access}"}).status_code == 403
    event = _refused(person.username)[-1]
    assert (event["data"]["code"], event["actor"]["key_id"]) == ("permission_denied", str(token.family))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": "Bearer of.no.token"}, "authentication_failed"),
        ({}, "not_authenticated"),
        ({"Signature": "sig1=:AAAA:", "Signature-Input": 'sig1=();keyid="none"'}, "signature_incomplete"),
    ],
)
def test_a_refused_token_or_signature_is_an_event_of_the_address(
    database: None, headers: dict[str, str], code: str
) -> None:
    address = f"198.51.100.{len(code)}"
    answer = Client(REMOTE_ADDR=address).get("/api/v1/books", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    found = _refused("anonymous")[-1]
    assert (found["data"]["code"], found["data"]["route"]) == (code, "api-books")
    assert found["actor"]["address"] == address


def test_who_is_throttled_is_told_of_once_a_minute(database: None, settings: Any) -> None:
    settings.THROTTLE_ADDRESS = (1, 60.0)
    client = Client(REMOTE_ADDR="198.51.100.99")
    before = Event.objects.filter(type="kernel.request.refused").count()
    assert [client.get("/api/v1/schema").status_code for _ in range(6)] == [200, 429, 429, 429, 429, 429]
    assert Event.objects.filter(type="kernel.request.refused").count() == before + 1
    assert _refused("anonymous")[-1]["data"]["code"] == "throttled"


def test_what_cannot_be_written_is_logged_and_the_answer_goes_out(
    auditor: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = staff_client(auditor)

    def read_only(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(events, "emit", read_only)
    with caplog.at_level(logging.WARNING, logger=observing.__name__):
        assert client.get("/admin/kernel/event/").status_code == 200
    assert "an event kernel.events.read was not written: cannot execute INSERT" in caplog.text
    assert told(auditor, "kernel.events.read") == []


def test_a_sign_in_and_its_end_name_the_user_and_the_session(database: None) -> None:
    person = make_user()
    client = staff_client(person)
    client.post("/admin/logout/")
    found = Event.objects.filter(subject_id=str(person.pk), type__startswith="access.session.").order_by("transaction")
    assert [event.type for event in found] == [f"access.session.{what}" for what in ("opened", "verified", "ended")]
    ended = json.loads(bytes(found[2].body))
    assert (ended["actor"]["id"], ended["actor"]["key_id"]) == (person.pk, ended["data"]["session"])
