"""What the sealer asks of witnesses: real processes, which are slow, gone, forgetful, two-faced or liars."""

import io
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from signal import SIGKILL

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from prometheus_client import REGISTRY

from compliance.alarms import open_alarms
from compliance.alarms.health import check_alarms
from compliance.models import Checkpoint, Cosignature, Source, TamperAlarm
from compliance.sealing import extension, guard, keys, reading
from compliance.sealing.cosigning import Gatherer, gathering
from compliance.sealing.cosigning.witnesses import Entry
from compliance.sealing.errors import Uncosigned
from compliance.sealing.sealer import Sealer
from compliance.trail import checkpoint as texts
from compliance.trail import note
from compliance.witness import command
from compliance.witness.keys import Key
from qenex.kernel.health import Degraded
from qenex.kernel.models import Event
from tests.support import alarms
from tests.support.trail import emit, execute, seal, settle
from tests.support.witness import Log, Running

pytestmark = pytest.mark.usefixtures("trail")
SECONDS = 3.0


class Witnesses:
    """Witnesses of the log of this installation, each a process."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.running = folder, list[Running]()
        self._gatherers: list[Gatherer] = []

    def add(self, name: str) -> Running:
        """One more, which knows the log and answers."""
        keys.ready()
        folder = self._folder / name
        options = {"name": f"{name}.example", "dir": folder, "log": keys.vkeys(), "beside": None, "address": ""}
        command.carry_out({"action": "init", **options}, lambda line: None)
        found = Running(folder)
        found.start()
        self.running.append(found)
        return found

    def gatherer(self, quorum: int, *further: Entry, seconds: float = SECONDS) -> Gatherer:
        """What asks all of them."""
        found = Gatherer([*(entry(each) for each in self.running), *further], quorum, seconds)
        self._gatherers.append(found)
        return found

    def end(self) -> None:
        """Ends them all, and whatever asks them."""
        for gatherer in self._gatherers:
            gatherer.close()
        for each in self.running:
            each.stop()


def entry(running: Running) -> Entry:
    """How the settings would name it."""
    return Entry(running.vkey, running.url)


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[Witnesses]:
    """None yet."""
    found = Witnesses(tmp_path)
    yield found
    found.end()


@pytest.fixture
def gone(tmp_path: Path) -> Entry:
    """A witness whose address nobody answers at."""
    return Entry(Key.make(tmp_path / "gone" / "key", "gone.example").vkey, "http://127.0.0.1:9")


def cosigned(size: int) -> set[str]:
    """Who has cosigned the checkpoint of this size; every line holds under it."""
    checkpoint = Checkpoint.objects.get(size=size)
    rows = list(Cosignature.objects.filter(size=size))
    for row in rows:
        assert note.parse_line(row.line[:-1]).name == row.witness
        assert note.parse(checkpoint.note + row.line).text == note.parse(checkpoint.note).text
    return {row.witness for row in rows}


def newest() -> int:
    """The size of the newest checkpoint."""
    found = reading.latest(using="default")
    return found.size if found else 0


def until(found: Callable[[], object]) -> None:
    """Waits until that is so."""
    end = time.monotonic() + 15
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


def count(name: str, witness: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"qenex_trail_{name}", {"witness": witness, **labels}) or 0.0


def test_a_checkpoint_waits_for_a_quorum_and_the_rest_come_later(witnesses: Witnesses, gone: Entry) -> None:
    one, two = witnesses.add("one"), witnesses.add("two")
    gatherer = witnesses.gatherer(2, gone)
    sealer = Sealer(cosign=gatherer)
    sizes = []
    for number in (3, 1, 300):
        emit(number)
        seal(sealer)
        sizes.append(sealer.signed_size)
    assert [size - sizes[0] for size in sizes] == [0, 1, 301]
    assert [cosigned(size) for size in sizes] == [{"one.example", "two.example"}] * 3
    for each in (one, two):
        lines = Cosignature.objects.filter(size=newest(), witness=Key.load(each.folder / "key").name).values_list(
            "line", flat=True
        )
        assert note.verify_cosignature(Checkpoint.objects.get(size=newest()).note + lines[0], each.vkey)
    gatherer.close()


def test_too_few_witnesses_keep_a_checkpoint_back_and_are_named(
    witnesses: Witnesses, gone: Entry, caplog: pytest.LogCaptureFixture
) -> None:
    one = witnesses.add("one")
    gatherer = witnesses.gatherer(2, gone)
    sealer = Sealer(cosign=gatherer)
    emit(2)
    settle()
    before = count("cosignature_failures_total", "gone.example", why="unavailable")
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(Uncosigned, match=r"^1 of 2 cosignatures \(gone\.example: Conn"),
    ):
        sealer.finish()
    assert (Checkpoint.objects.count(), Cosignature.objects.count()) == (0, 0)
    assert sealer.head is not None
    assert sealer.head.size == Event.objects.count()
    assert "the witness gone.example does not cosign: ConnectionRefusedError" in caplog.text
    assert count("cosignature_failures_total", "gone.example", why="unavailable") > before
    gatherer.close()
    # What was sealed meanwhile is published when there are enough of them again; the first has seen some already.
    emit(3)
    two = witnesses.add("two")
    again = Sealer(cosign=witnesses.gatherer(2))
    seal(again)
    assert [each.size for each in Checkpoint.objects.all()] == [sealer.head.size + 3]
    assert cosigned(newest()) == {"one.example", "two.example"}
    assert {one.ask("GET", "/vkey").status, two.ask("GET", "/vkey").status} == {200}


def test_without_a_quorum_nobody_waits_and_cosignatures_are_kept(witnesses: Witnesses, gone: Entry) -> None:
    witnesses.add("one")
    gatherer = witnesses.gatherer(0, gone)
    sealer = Sealer(cosign=gatherer)
    emit(5)
    seal(sealer)
    assert Checkpoint.objects.count() == 1
    until(lambda: cosigned(newest()) == {"one.example"})
    before = count("cosignatures_total", "one.example")
    emit(1)
    seal(sealer)
    gatherer.close()
    assert cosigned(newest()) == {"one.example"}
    assert count("cosignatures_total", "one.example") == before + 1
    assert time.time() - count("cosigned_timestamp_seconds", "one.example") < 30


def test_a_witness_that_comes_late_is_kept_and_holds_nobody_up(witnesses: Witnesses, tmp_path: Path) -> None:
    witnesses.add("one")
    slow = Entry(Key.make(tmp_path / "slow" / "key", "slow.example").vkey, "http://127.0.0.1:9")
    gatherer = witnesses.gatherer(1, slow)
    desk = next(each for each in gatherer._desks if each.name == "slow.example")
    desk._asker._witness = Slow(tmp_path / "slow")
    emit(2)
    started = time.monotonic()
    seal(Sealer(cosign=gatherer))
    assert time.monotonic() - started < Slow.SECONDS
    assert cosigned(newest()) == {"one.example"}
    until(lambda: cosigned(newest()) == {"one.example", "slow.example"})
    gatherer.close()


class Slow:
    """A witness that takes its time. Another kind than HTTP, as another kind of witness will be."""

    SECONDS = 2.0

    def __init__(self, folder: Path) -> None:
        self._key = Key.load(folder / "key")

    def cosign(self, checkpoint: str, old_size: int, proof: Sequence[bytes]) -> str:
        time.sleep(self.SECONDS)
        return self._key.cosign(note.parse(checkpoint).text)

    def close(self) -> None:
        pass


class Says:
    """A witness that answers anything."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)

    def cosign(self, checkpoint: str, old_size: int, proof: Sequence[bytes]) -> str:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass


def test_what_is_no_cosignature_of_that_witness_does_not_count(tmp_path: Path, gone: Entry) -> None:
    key, other = Key.load(tmp_path / "gone" / "key"), Key.make(tmp_path / "other" / "key", "gone.example")
    emit(1)
    seal()
    emit(1)
    before = newest()
    signed = _signed_by_the_log(newest() + 1, bytes(32))
    text = note.parse(signed).text
    for answer in (
        *("", "\n", "x\n", "\u2014 gone.example AAAA\n", other.cosign(text), key.cosign(text), key.cosign(text) + "x"),
        key.cosign(note.parse(Checkpoint.objects.get(size=newest()).note).text),
    ):
        gatherer = Gatherer([gone], 1, SECONDS)
        gatherer._desks[0]._asker._witness = Says(answer)
        settle()
        with pytest.raises(Uncosigned, match=r"gone\.example: its answer (is no line|has no cosignature)"):
            Sealer(cosign=gatherer).finish()
        gatherer.close()
    assert (newest(), Cosignature.objects.count()) == (before, 0)


def test_a_witness_that_was_killed_and_one_that_forgot_are_asked_from_where_they_are(
    witnesses: Witnesses, caplog: pytest.LogCaptureFixture
) -> None:
    one = witnesses.add("one")
    gatherer = witnesses.gatherer(1)
    sealer = Sealer(cosign=gatherer)
    emit(4)
    seal(sealer)
    one.stop(SIGKILL)
    emit(2)
    settle()
    with pytest.raises(Uncosigned):
        sealer.finish()
    one.start()
    seal(sealer)
    before = newest()
    assert cosigned(before) == {"one.example"}
    # Somebody lets it forget, key and all that says so.
    one.stop()
    key = one.folder / "key"
    key.write_text(key.read_text().replace('"origins": ["localhost/qenex"]', '"origins": []'))
    for copy in ("state", "beside"):
        for path in (one.folder / copy).glob("*.json"):
            path.unlink()
    one.start()
    emit(1)
    with caplog.at_level(logging.WARNING):
        seal(sealer)
    assert cosigned(newest()) == {"one.example"}
    assert f"the witness one.example has forgotten: it confirmed {before} entries, and now 0" in caplog.text
    gatherer.close()


def contradicted() -> list[TamperAlarm]:
    """The open alarms that witnesses have raised."""
    return [alarm for alarm in open_alarms() if alarm.source == Source.WITNESS]


def test_a_witness_that_saw_another_history_raises_an_alarm_that_two_people_close(witnesses: Witnesses) -> None:
    one = witnesses.add("one")
    # The log's own key has signed another tree of the same size, and the witness has seen that one.
    emit(4)
    seal()
    forged = _signed_by_the_log(newest(), Log(fork="not ").root(newest()))
    before = newest()
    emit(1)
    assert one.add(b"old 0\n\n" + forged.encode()).status == 200
    gatherer = witnesses.gatherer(1)
    settle()
    for _ in range(2):
        with pytest.raises(Uncosigned, match=r"one\.example: it contradicts us: "):
            Sealer(cosign=gatherer).finish()
    until(contradicted)
    gatherer.close()
    [alarm] = contradicted()
    assert alarm.code == "contradicted by one.example"
    assert f"It was shown {before + 1} entries with the root " in alarm.detail
    assert Event.objects.filter(type="compliance.tamperalarm.raised", subject_id=str(alarm.pk)).count() == 1
    assert count("witness_contradicts", "one.example") == 1
    assert (newest(), Cosignature.objects.count()) == (before, 0)
    with pytest.raises(Degraded, match=r"^open tamper alarms: 1$"):
        check_alarms()
    said = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 open\. Two people close an alarm, in the admin\.$"):
        call_command("alarms", stdout=said)
    assert "UTC  contradicted by one.example (found by the witness): It was shown" in said.getvalue()
    alarms.close(alarm)
    check_alarms()
    call_command("alarms", stdout=said)
    assert said.getvalue().splitlines()[-1] == "No alarm is open."


def test_a_log_that_was_set_back_is_told_by_a_witness_that_has_more(witnesses: Witnesses) -> None:
    one = witnesses.add("one")
    emit(3)
    assert one.add(b"old 0\n\n" + _signed_by_the_log(900, bytes(32)).encode()).status == 200
    gatherer = witnesses.gatherer(1)
    settle()
    with pytest.raises(Uncosigned, match=r"it has cosigned 900 entries of this log, and there are [1-9]"):
        Sealer(cosign=gatherer).finish()
    until(contradicted)
    gatherer.close()


def _signed_by_the_log(size: int, root: bytes) -> str:
    signed, _ = keys.sign(texts.Checkpoint(settings.TRAIL_ORIGIN, size, root).encode())
    return signed


def test_a_changed_leaf_is_found_by_the_witness_though_database_and_guard_agree(witnesses: Witnesses) -> None:
    witnesses.add("one")
    gatherer = witnesses.gatherer(1)
    emit(5)
    seal(Sealer(cosign=gatherer))
    gatherer.close()
    execute("UPDATE compliance_leaf SET hash = sha256('x') WHERE position = 2")
    execute("DELETE FROM compliance_cosignature")
    execute("DELETE FROM compliance_checkpoint")
    kept = guard.read()
    assert kept is not None
    guard.write(guard.Guard(kept.origin, kept.size, extension.root_at(kept.size).hex(), kept.cluster))
    emit(1)
    settle()
    again = witnesses.gatherer(1)
    with pytest.raises(Uncosigned, match="contradicts us"):
        Sealer(cosign=again).finish()
    until(contradicted)
    again.close()


def test_threads_give_their_connections_back(witnesses: Witnesses) -> None:
    witnesses.add("one")
    gatherer = gathering.Gatherer([entry(witnesses.running[0])], 1, SECONDS)
    emit(1)
    seal(Sealer(cosign=gatherer))
    gatherer.close()
    assert not gatherer._desks[0]._thread.is_alive()
    assert connections["default"].connection is not None
