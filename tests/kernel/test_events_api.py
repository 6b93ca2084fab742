"""The event log through the API shows what is stored, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qenex.kernel import canonical, clock, context, events
from qenex.kernel.context import Context
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user, token_client

MOMENT = datetime(2031, 2, 3, 4, 5, 6, 789, UTC)


@pytest.fixture
def event(database: None) -> Event:
    """An event with everything that an event can have."""
    by = Context(7, f"anna-{uuid7()}", "192.0.2.1", "token", f"r-{uuid7()}", "typing error")
    with clock.frozen(MOMENT), context.acting(by), transaction.atomic():
        identifier = events.emit(
            "test.thing.renamed",
            subject_type="thing",
            subject_id=uuid7(),
            book_id=uuid7(),
            data={"n": 1},
            changes={"name": ("old", None)},
        )
    return Event.objects.get(id=identifier)


def test_an_event_is_shown_as_its_bytes_have_it(api: Client, event: Event) -> None:
    shown = api.get(f"/api/v1/events/{event.id}").json()
    assert shown == {
        "id": str(event.id),
        "recorded_at": "2031-02-03T04:05:06.000789Z",
        "type": "test.thing.renamed",
        "version": 1,
        "book": str(event.book_id),
        "subject": {"type": "thing", "id": event.subject_id},
        "actor": {
            "id": 7,
            "name": event.actor,
            "address": None,
            "method": "token",
            "key_id": None,
            "on_behalf_of": None,
        },
        "request_id": event.request_id,
        "reason": "typing error",
        "data": {"n": 1},
        "changes": {"name": {"before": "old", "after": None}},
        "personal": json.loads(bytes(event.body))["personal"],
    }
    assert [block["places"] for block in shown["personal"]] == [["actor.address"]]
    assert b"192.0.2.1" not in bytes(event.body)
    assert canonical.encode(shown) == bytes(event.body)


@pytest.mark.parametrize(
    ("parameter", "field"),
    [("subject", "subject_id"), ("actor", "actor"), ("book", "book_id"), ("request_id", "request_id")],
)
def test_events_are_found_by(api: Client, event: Event, parameter: str, field: str) -> None:
    found = api.get("/api/v1/events", {parameter: str(getattr(event, field))}).json()["results"]
    assert [each["id"] for each in found] == [str(event.id)]


def test_events_are_found_by_type_and_time(api: Client, event: Event) -> None:
    def ids(**query: Any) -> list[str]:
        results = api.get("/api/v1/events", {"subject": event.subject_id, **query}).json()["results"]
        return [each["id"] for each in results]

    later = (MOMENT + timedelta(microseconds=1)).isoformat()
    assert ids(type="test.thing.renamed", subject_type="thing") == [str(event.id)]
    assert ids(since=MOMENT.isoformat(), until=later) == [str(event.id)]
    assert ids(until=MOMENT.isoformat()) == ids(since=later) == ids(type="test.thing") == []


def test_a_list_is_one_query_of_the_reader(api: Client, event: Event) -> None:
    api.get("/api/v1/events", {"limit": "1"})  # the reader's addresses of this month have a key from now on
    with CaptureQueriesContext(connections["reader"]) as read, CaptureQueriesContext(connections["default"]) as written:
        api.get("/api/v1/events", {"book": str(event.book_id)})
    assert len(read) == 1
    # The token with its user, the user's own and their groups' permissions, and the books in reach; then the event
    # that it was read.
    assert [query["sql"].split()[0] for query in written] == [*["SELECT"] * 4, "BEGIN", "INSERT", "COMMIT"]
    assert not any("COUNT(" in query["sql"] for query in [*read, *written])


@pytest.mark.parametrize("path", ["/api/v1/events", f"/api/v1/events/{UUID(int=0)}"])
def test_only_who_may_view_events_sees_them(database: None, path: str) -> None:
    assert Client().get(path).status_code == 401
    assert token_client(make_user("kernel.view_cursor")).get(path).status_code == 403


def test_the_log_is_not_written_through_the_api(api: Client, auditor: User, event: Event) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api.generic(method, f"/api/v1/events/{event.id}", "{}", "application/json").status_code == 405
    assert Event.objects.filter(id=event.id).exists()
