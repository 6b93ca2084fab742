"""Readers of the log miss nothing and read nothing twice, whatever writers do."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qenex.kernel import clock, cursors, events
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Cursor, Event
from tests.support.threads import together


def _connect() -> psycopg.Connection[Any]:
    """A connection beside Django's, so that two transactions are open at once."""
    return psycopg.connect(**connections["default"].get_connection_params() | {"cursor_factory": psycopg.Cursor})


def _insert(connection: psycopg.Connection[Any], subject: str) -> UUID:
    event = events.draft("test.noted", subject_type="cursor", subject_id=subject)
    connection.execute(events._INSERT.format(events._ROW), event.row())
    return event.id


def _settle() -> None:
    """Waits until all that was committed is behind the horizon, which transactions in other databases hold back too."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (present,) = cursor.fetchone()
    while cursors.end().transaction <= present:
        time.sleep(0.01)


def _reader() -> str:
    """The name of a new reader, who begins where the log ends now: others have written much before."""
    name, end = str(uuid7()), cursors.end()
    Cursor.objects.create(name=name, transaction=end.transaction, event_id=end.event_id, updated_at=clock.now())
    return name


def _drain(name: str, subject: str, limit: int = 7) -> list[UUID]:
    """The ids of the subject's events that the reader gets until it has nothing more to read."""
    found: list[UUID] = []
    while True:
        with cursors.read(name, limit) as batch:
            found += [event.id for event in batch if event.subject_id == subject]
        if not batch:
            return found


def _naive(order: str, subject: str) -> Callable[[], list[UUID]]:
    """A reader that remembers the largest value that it has seen."""
    last: list[Any] = []

    def read() -> list[UUID]:
        rows = Event.objects.filter(subject_id=subject, **({f"{order}__gt": last[-1]} if last else {})).order_by(order)
        found = list(rows)
        last.extend(getattr(event, order) for event in found)
        return [event.id for event in found]

    return read


@pytest.mark.parametrize("order", ["id", "recorded_at"])
def test_a_reader_that_remembers_the_largest_value_loses_an_event(database: None, order: str) -> None:
    subject = str(uuid7())
    read = _naive(order, subject)
    with closing(_connect()) as slow, closing(_connect()) as quick:
        early = _insert(slow, subject)
        late = _insert(quick, subject)
        quick.commit()
        assert read() == [late]
        slow.commit()
    assert read() == []
    assert set(Event.objects.filter(subject_id=subject).values_list("id", flat=True)) == {early, late}


def test_a_cursor_waits_for_the_slow_transaction_and_loses_nothing(database: None) -> None:
    subject, name = str(uuid7()), _reader()
    with closing(_connect()) as slow, closing(_connect()) as quick:
        early = _insert(slow, subject)
        late = _insert(quick, subject)
        quick.commit()
        assert _drain(name, subject) == []
        slow.commit()
    _settle()
    assert _drain(name, subject) == [early, late]
    assert _drain(name, subject) == []


def test_what_is_rolled_back_is_never_read(database: None) -> None:
    subject, name = str(uuid7()), _reader()
    with closing(_connect()) as slow:
        _insert(slow, subject)
        slow.rollback()
        kept = _insert(slow, subject)
        slow.commit()
    _settle()
    assert _drain(name, subject) == [kept]


def test_a_reader_that_fails_reads_the_same_again(database: None) -> None:
    subject, name = str(uuid7()), _reader()
    with transaction.atomic():
        event = events.emit("test.noted", subject_type="cursor", subject_id=subject)

    def fail() -> None:
        while True:
            with cursors.read(name, 1000) as batch:
                if event in [each.id for each in batch]:
                    raise RuntimeError("crash")

    _settle()
    with pytest.raises(RuntimeError, match="crash"):
        fail()
    assert _drain(name, subject) == [event]


def test_two_readers_of_one_name_share_the_work(database: None) -> None:
    subject, name = str(uuid7()), _reader()
    with transaction.atomic():
        written = [events.emit("test.noted", subject_type="cursor", subject_id=subject) for _ in range(50)]
    _settle()
    found = together(4, lambda _: _drain(name, subject, limit=3))
    assert Counter(each for some in found for each in some) == Counter(written)


def test_a_cursor_is_not_read_inside_another_transaction(database: None) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), cursors.read("x"):
        pass


def test_the_end_is_behind_everything_settled(database: None) -> None:
    subject = str(uuid7())
    with transaction.atomic():
        events.emit("test.noted", subject_type="cursor", subject_id=subject)
    _settle()
    end = cursors.end()
    assert cursors.after(end) == []
    with transaction.atomic():
        event = events.emit("test.noted", subject_type="cursor", subject_id=subject)
    _settle()
    assert [each.id for each in cursors.after(end)] == [event]


Schedule = list[list[tuple[int, float]]]


def _write(transactions: list[tuple[int, float]], subject: str) -> list[UUID]:
    """Writes so many events a transaction, holds it open for so long, and rolls a fifth of them back."""
    written = []
    for count, pause in transactions:
        with closing(_connect()) as connection:
            ids = [_insert(connection, subject) for _ in range(count)]
            time.sleep(pause)
            if random.random() < 0.2:
                connection.rollback()
            else:
                connection.commit()
                written += ids
    return written


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.0, 0.001, 0.02])), min_size=1, max_size=6),
        min_size=6,
        max_size=6,
    )
)
def test_exactly_once_under_writers_of_every_speed(database: None, schedule: Schedule) -> None:
    """Each writer commits transactions of so many events, each held open for a while; two readers run meanwhile."""
    subject, name, writing = str(uuid7()), _reader(), threading.Event()
    writing.set()

    left = threading.Semaphore(0)

    def act(number: int) -> list[UUID]:
        if number < len(schedule):
            written = _write(schedule[number], subject)
            left.release()
            return written
        found = []
        while writing.is_set():
            found += _drain(name, subject)
        return found

    def stop_when_written() -> None:
        for _ in schedule:
            left.acquire()
        writing.clear()

    watcher = threading.Thread(target=stop_when_written)
    watcher.start()
    results = together(len(schedule) + 2, act)
    watcher.join()
    _settle()
    written = [each for some in results[: len(schedule)] for each in some]
    found = [each for some in results[len(schedule) :] for each in some] + _drain(name, subject)
    assert Counter(found) == Counter(written)


def test_a_batch_is_read_by_index(database: None) -> None:
    with connections["reader"].cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        query = (
            "EXPLAIN SELECT * FROM kernel_event WHERE transaction >= 5 AND (transaction > 5 OR id > gen_random_uuid())"
        )
        cursor.execute(f"{query} ORDER BY transaction, id LIMIT 10")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Index Scan using event_order" in plan


def test_a_reader_has_one_row(database: None) -> None:
    name = str(uuid7())
    _drain(name, "")
    assert str(Cursor.objects.get(name=name)) == name
