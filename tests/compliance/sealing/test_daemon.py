"""What the running sealer says of itself: how far behind it is, who holds it up, what it refuses."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections
from prometheus_client import REGISTRY

from compliance.models import Checkpoint, Cosignature
from compliance.sealing import daemon, figures, guard, holders, keys, publishing, reading
from compliance.sealing.daemon import Daemon
from compliance.sealing.errors import Elsewhere, Reason, Refused, Uncosigned
from compliance.sealing.publishing import Cosigned, Signed
from compliance.sealing.sealer import Sealer
from compliance.sealing.turns import look, turn
from compliance.trail import note
from qenex.kernel import clock
from qenex.kernel.models import Event
from qenex.vault import signing
from qenex.vault.providers.file import FileProvider
from tests.support.trail import connect, emit, insert, seal, sealed, settle

pytestmark = pytest.mark.usefixtures("shared_trail")


@pytest.fixture
def running() -> Daemon:
    """A daemon that has caught up."""
    emit(1)
    return Daemon(seal(), threading.Event())


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is shown and named without waiting."""
    monkeypatch.setattr(daemon, "FIGURES_SECONDS", 0.0)
    monkeypatch.setattr(holders, "HELD_SECONDS", 0.0)


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"qenex_trail_{name}", labels)


@contextmanager
def month_end(role: str) -> Iterator["psycopg.Connection[Any]"]:
    """A transaction that has written; none is older in the whole cluster, where other tests have databases too."""
    while True:
        with connect(role) as slow:
            slow.execute("SET application_name = 'month-end'")
            insert(slow)
            row = slow.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) = pg_current_xact_id()").fetchone()
            if row == (True,):
                yield slow
                return


def until_signed(running: Daemon) -> None:
    """Steps until a checkpoint covers every event."""
    settle()
    while running._sealer.signed_size < Event.objects.count():
        time.sleep(running.once())


def test_the_figures_are_those_of_the_log(running: Daemon, at_once: None) -> None:
    running.once()
    assert (value("lag_seconds"), value("events_behind")) == (0.0, 0.0)
    size = len(sealed())
    assert (value("size"), value("signed_size")) == (size, size)
    checkpoint = reading.latest(using="default")
    assert checkpoint is not None
    assert value("checkpoint_timestamp_seconds") == checkpoint.signed_at.timestamp()
    assert time.time() - (value("sealer_timestamp_seconds") or 0) < 60
    with connect() as slow:
        insert(slow)
        emit(2)
        running.once()
        assert value("events_behind") == 2.0
        assert (value("lag_seconds") or 0) > 0
    before = value("checkpoints_total")
    until_signed(running)
    running.once()
    assert (value("lag_seconds"), value("events_behind"), value("signed_size")) == (0.0, 0.0, size + 2)
    assert value("checkpoints_total") == (before or 0) + 1


@pytest.mark.parametrize("role", ["default", "owner"])
def test_a_transaction_that_holds_up_sealing_is_named(
    running: Daemon, at_once: None, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    user = {"default": "qenex_writer", "owner": "qenex_owner"}[role]
    with month_end(role) as slow:
        pid = str(slow.info.backend_pid)
        emit(3)
        running.once()
        with caplog.at_level(logging.WARNING):
            running.once()
            running.once()
        [told] = [record.getMessage() for record in caplog.records if record.name == holders.__name__]
        assert f"holds up the sealing of 3 events: process {pid}, user {user}, application 'month-end'" in told
        held = value("horizon_held_seconds", pid=pid, user=user, application="month-end")
        assert held is not None
        assert held > 0
        slow.commit()
    settle()
    running.once()
    assert value("horizon_held_seconds", pid=pid, user=user, application="month-end") == 0.0
    until_signed(running)


def test_a_transaction_that_only_reads_holds_nothing_up(running: Daemon) -> None:
    with connect() as reader:
        reader.execute("SELECT count(*) FROM kernel_event")
        emit(1)
        until_signed(running)
    assert len(sealed()) == Event.objects.count()


def test_a_refusal_is_told_once_and_recorded_and_ends_by_itself(
    running: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    kept = guard.path().read_bytes()
    before = value("refusals_total", reason="guard_missing") or 0.0
    guard.path().unlink()
    emit(1)
    settle()
    running._sealer = Sealer()
    with caplog.at_level(logging.WARNING):
        assert running.once() == running.once() == daemon.REFUSED_SECONDS
    assert len([line for line in caplog.messages if "guard_missing" in line]) == 1
    assert value("refused", reason="guard_missing") == 1.0
    assert value("refusals_total", reason="guard_missing") == before + 1
    guard.path().write_bytes(kept)
    until_signed(running)
    assert value("refused", reason="guard_missing") == 0.0
    assert Event.objects.filter(type="compliance.trail.refused").count() == 1
    assert len(sealed()) == Event.objects.count()


def test_a_checkpoint_is_published_only_with_the_cosignatures_that_are_demanded() -> None:
    asked: list[Signed] = []
    lines = {name: note.cosignature_line(name, bytes(32), 1_795_000_000, bytes(64)) for name in ("w1", "w2")}
    answers: list[list[Cosigned] | None] = [None, None, [Cosigned(*each) for each in lines.items()]]

    def cosign(signed: Signed) -> list[Cosigned]:
        asked.append(signed)
        answer = answers.pop(0)
        if answer is None:
            raise Uncosigned("0 of 2 witnesses have signed")
        return answer

    seal()
    count = Checkpoint.objects.count()
    emit(1)
    settle()
    cosigned = Daemon(Sealer(cosign=cosign), threading.Event())
    while len(answers) > 1:
        cosigned.once()
        time.sleep(0.1)
    assert Checkpoint.objects.count() == count
    until_signed(cosigned)
    made = Checkpoint.objects.latest("size")
    assert made.note == asked[-1].note
    rows = Cosignature.objects.filter(size=made.size).order_by("witness")
    assert dict(rows.values_list("witness", "line")) == lines
    assert {row.at.timestamp() for row in rows} == {1_795_000_000}


def test_it_stops_when_told_to() -> None:
    stop = threading.Event()
    running = Daemon(Sealer(), stop)
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    running.run()
    assert time.monotonic() - started < 2.0


def test_keys_stay_published_after_a_change_of_keys() -> None:
    emit(1)
    seal()
    before = Checkpoint.objects.latest("size")
    [old] = keys.vkeys()
    signing.rollover("checkpoints")
    assert len(keys.vkeys()) == 2
    emit(1)
    with clock.frozen(clock.now() + timedelta(hours=2)):
        seal()
    after = Checkpoint.objects.latest("size")
    new = keys.vkeys()[0]
    assert keys.vkeys() == [new, old]
    assert [note.verify(each.note, old) for each in (before, after)] == [True, False]
    assert [note.verify(each.note, new) for each in (before, after)] == [False, True]


def test_a_key_that_is_no_ed25519_key_signs_nothing(trail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileProvider, "algorithms", lambda self: ("ES256",))
    emit(1)
    settle()
    with pytest.raises(Refused) as found:
        Sealer().finish()
    assert found.value.reason is Reason.KEY_UNFIT
    assert not Checkpoint.objects.exists()
    assert not guard.path().exists()


def test_one_turn_at_a_time() -> None:
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        with turn():
            taken.set()
            over.wait(10)
        connections.close_all()

    holding = threading.Thread(target=hold)
    holding.start()
    taken.wait(10)
    try:
        with pytest.raises(Elsewhere), turn():
            pass
        with look() as present:
            assert figures.look(present).size == reading.size_sealed()
    finally:
        over.set()
        holding.join()
    with turn():
        pass


def test_a_tree_that_another_has_grown_is_not_signed_from_memory() -> None:
    emit(1)
    first = seal()
    stale = first.head
    assert stale is not None
    emit(1)
    seal()
    with pytest.raises(Elsewhere):
        publishing.publish(stale)
