"""One command, one event, in the command's transaction, as the bytes that are hashed."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qenex.kernel import canonical, clock, context, events
from qenex.kernel.context import Context, Principal
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event

MOMENT = datetime(2031, 2, 3, 4, 5, 6, 7, UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
JSON = st.recursive(TEXT | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=4)


def test_an_event_needs_a_transaction(database: None) -> None:
    subject = str(uuid7())
    with pytest.raises(RuntimeError, match="in the transaction of its command"):
        events.emit("test.noted", subject_type="x", subject_id=subject)
    assert not Event.objects.filter(subject_id=subject).exists()


def test_an_event_stands_or_falls_with_its_command(database: None) -> None:
    subject = str(uuid7())
    with transaction.atomic():
        events.emit("test.noted", subject_type="x", subject_id=subject)
        transaction.set_rollback(True)
    assert not Event.objects.filter(subject_id=subject).exists()


def test_the_columns_and_the_bytes(database: None) -> None:
    book, subject = uuid7(), uuid7()
    by = Context(7, "anna", None, "token", "r-1", "why", Principal(8, "ben"), "k-1")
    with clock.frozen(MOMENT), context.acting(by), transaction.atomic():
        identifier = events.emit(
            "test.noted", subject_type="x", subject_id=subject, book_id=book, changes={"a": (1, 2)}, version=3
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            (present,) = cursor.fetchone()
    event = Event.objects.get(id=identifier)
    assert (event.transaction, event.recorded_at, event.type, event.version) == (present, MOMENT, "test.noted", 3)
    assert (event.book_id, event.subject_type, event.subject_id) == (book, "x", str(subject))
    assert (event.actor_id, event.actor, event.request_id) == (7, "anna", "r-1")
    expected = (
        f'{{"actor":{{"address":null,"id":7,"key_id":"k-1","method":"token","name":"anna",'
        f'"on_behalf_of":{{"id":8,"name":"ben"}}}},"book":"{book}",'
        f'"changes":{{"a":{{"after":2,"before":1}}}},"data":{{}},"id":"{identifier}","reason":"why",'
        f'"recorded_at":"2031-02-03T04:05:06.000007Z","request_id":"r-1",'
        f'"subject":{{"id":"{subject}","type":"x"}},"type":"test.noted","version":3}}'
    )
    assert bytes(event.body) == expected.encode()
    assert str(event) == f"test.noted {subject}"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(TEXT, JSON, max_size=4), st.dictionaries(TEXT, st.tuples(JSON, JSON), max_size=3), TEXT)
def test_whatever_is_recorded_is_read_back(database: None, data: Any, changes: Any, reason: str) -> None:
    with context.because(reason), transaction.atomic():
        identifier = events.emit("test.noted", subject_type="x", subject_id="1", data=data, changes=changes)
    body = bytes(Event.objects.get(id=identifier).body)
    shown = json.loads(body)
    assert (shown["data"], shown["reason"], UUID(shown["id"])) == (data, reason, identifier)
    assert shown["changes"] == {name: {"before": old, "after": new} for name, (old, new) in changes.items()}
    assert canonical.encode(shown) == body


def test_amounts_are_recorded_as_texts_only(database: None) -> None:
    with pytest.raises(TypeError, match="float has no canonical form"), transaction.atomic():
        events.emit("test.noted", subject_type="x", subject_id="1", data={"amount": 0.1})
