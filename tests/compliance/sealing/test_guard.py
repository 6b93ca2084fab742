"""A tree that does not go on from what was signed is neither extended nor signed; each case has a way out."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from compliance.models import Checkpoint, Leaf
from compliance.sealing import guard, reading
from compliance.sealing.errors import STATUS, Reason, Refused
from compliance.sealing.sealer import Sealer
from qenex.kernel.models import Event
from tests.support import scratch
from tests.support.trail import emit, execute, seal, sealed, settle

pytestmark = pytest.mark.usefixtures("shared_trail")
Harm = Callable[[], None]


def refused() -> Refused:
    """What a new sealer says; fails unless it has left everything as it was."""
    settle()
    before = Leaf.objects.count(), Checkpoint.objects.count(), guard.path().exists() and guard.path().read_bytes()
    with pytest.raises(Refused) as found:
        Sealer().finish()
    after = Leaf.objects.count(), Checkpoint.objects.count(), guard.path().exists() and guard.path().read_bytes()
    assert after == before
    return found.value


def command(*arguments: str) -> str:
    """What `manage.py seal` prints."""
    out = io.StringIO()
    call_command("seal", *arguments, stdout=out, stderr=io.StringIO(), verbosity=0)
    return out.getvalue().strip()


def adopt(reason: str = "the disk was replaced") -> None:
    """Adopts as an operator does: asks, reads, confirms."""
    with pytest.raises(CommandError) as asked:
        command("--adopt", "--reason", reason)
    assert asked.value.returncode == 3
    size, root = str(asked.value).split("--size ")[1].split(" --root ")
    with pytest.raises(CommandError, match="Nothing was changed"):
        command("--adopt", "--reason", reason, "--size", size, "--root", "0" * 64)
    command("--adopt", "--reason", reason, "--size", size, "--root", root)


def goes_on() -> None:
    """A new sealer seals everything there is."""
    emit(2)
    sealer = seal()
    assert len(sealed()) == Event.objects.count()
    last = reading.latest(using="default")
    assert last is not None
    assert sealer.head is not None
    assert (last.size, bytes(last.root)) == (len(sealed()), sealer.head.edge.root())


def signed(count: int = 3) -> None:
    """A log with a checkpoint."""
    emit(count)
    seal()


def test_what_was_signed_last_lies_outside_for_its_owner_alone() -> None:
    signed()
    kept = guard.read()
    last = reading.latest(using="default")
    assert kept is not None
    assert last is not None
    assert (kept.origin, kept.size, kept.root) == ("localhost/qenex", last.size, bytes(last.root).hex())
    assert guard.path().stat().st_mode & 0o777 == 0o600
    assert [each.name for each in Path(settings.TRAIL_DIR).iterdir()] == ["guard.json"]


def lose() -> None:
    guard.path().unlink()


def scribble() -> None:
    guard.path().write_text('{"origin": "localhost/qenex", "size": ')


def roll_back() -> None:
    before = guard.path().read_bytes()
    signed()
    guard.path().write_bytes(before)


def shorten() -> None:
    """A backup of the database from before the last checkpoint."""
    kept = guard.path().read_bytes()
    for _ in range(2):
        size = Leaf.objects.count()
        signed()
    kept = guard.path().read_bytes()
    execute("DELETE FROM compliance_checkpoint WHERE size > %s", size)
    execute("DELETE FROM compliance_leaf WHERE position >= %s", size)
    assert guard.path().read_bytes() == kept


def change(**values: Any) -> None:
    guard.path().write_text(json.dumps(json.loads(guard.path().read_bytes()) | values))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lose, Reason.GUARD_MISSING),
        (scribble, Reason.GUARD_BROKEN),
        (roll_back, Reason.GUARD_BEHIND),
        (shorten, Reason.GUARD_AHEAD),
        (lambda: change(root="0" * 64), Reason.GUARD_DIFFERS),
        (lambda: change(origin="example.com/other"), Reason.ORIGIN_CHANGED),
    ],
    ids=lambda each: str(each) if isinstance(each, Reason) else "file",
)
def test_a_file_outside_that_disagrees_stops_the_sealer_until_somebody_adopts(harm: Harm, reason: Reason) -> None:
    signed()
    harm()
    assert refused().reason is reason
    with pytest.raises(CommandError) as failed:
        command("--once")
    assert failed.value.returncode == STATUS[reason]
    adopt()
    told = [json.loads(bytes(event.body)) for event in Event.objects.filter(subject_type="trail").order_by("-id")[:2]]
    assert [each["type"] for each in told] == ["compliance.trail.adopted", "compliance.trail.refused"]
    assert [each["data"]["refused"] for each in told] == [reason.value, reason.value]
    assert told[0]["reason"] == "the disk was replaced"
    goes_on()


KEEP = "CREATE TABLE kept_leaf AS TABLE compliance_leaf; CREATE TABLE kept_tile AS TABLE compliance_tile"
PUT_BACK = """
DELETE FROM compliance_leaf; INSERT INTO compliance_leaf SELECT * FROM kept_leaf; DROP TABLE kept_leaf;
DELETE FROM compliance_tile; INSERT INTO compliance_tile SELECT * FROM kept_tile; DROP TABLE kept_tile
"""


@contextmanager
def harmed(statement: str) -> Iterator[None]:
    """Something is changed in the database within the block, past every trigger, and put back."""
    execute(KEEP)
    execute(statement)
    try:
        yield
    finally:
        execute(PUT_BACK)


@pytest.mark.parametrize(
    ("reason", "harm"),
    [
        (Reason.TILE_DIFFERS, "UPDATE compliance_leaf SET hash = sha256('other') WHERE position = 100"),
        (Reason.TILE_DIFFERS, "UPDATE compliance_tile SET root = sha256('other') WHERE index = 0"),
        (
            Reason.TILE_DIFFERS,
            "UPDATE compliance_tile SET hashes = overlay(hashes placing '\\x00'::bytea from 100) WHERE index = 1",
        ),
        (Reason.TILE_DIFFERS, "DELETE FROM compliance_tile WHERE index = 1"),
        (Reason.TILE_DIFFERS, "DELETE FROM compliance_leaf WHERE position = 300"),
        (
            Reason.CHECKPOINT_DIFFERS,
            "UPDATE compliance_leaf SET hash = sha256('other') WHERE position ="
            " (SELECT max(position) FROM compliance_leaf)",
        ),
        (
            Reason.CHECKPOINT_DIFFERS,
            "DELETE FROM compliance_leaf WHERE position = (SELECT max(position) FROM compliance_leaf)",
        ),
    ],
)
def test_what_was_changed_in_the_database_is_found_and_cannot_be_adopted(reason: Reason, harm: str) -> None:
    signed(600)
    with harmed(harm):
        assert refused().reason is reason
        with pytest.raises(CommandError) as failed:
            command("--adopt", "--reason", "never mind")
        assert failed.value.returncode == STATUS[reason]
    goes_on()


def test_another_history_with_nothing_in_the_database_to_tell_is_found(trail: str) -> None:
    signed()
    execute("DELETE FROM compliance_checkpoint")
    execute("UPDATE compliance_leaf SET hash = sha256('other') WHERE position = 1")
    assert refused().reason is Reason.GUARD_DIFFERS


def test_a_database_restored_from_an_older_backup_is_not_signed(trail: str) -> None:
    signed()
    scratch.copy(trail, into=f"{trail}_old")
    signed()
    newer = reading.latest(using="default")
    assert newer is not None
    scratch.go_to(f"{trail}_old")
    try:
        emit(9)
        found = refused()
        assert found.reason is Reason.GUARD_AHEAD
        assert found.detail.startswith(f"a tree of {newer.size} leaves was signed")
    finally:
        scratch.go_to(trail)
        scratch.drop(f"{trail}_old")


def test_a_sealer_that_was_leading_finds_a_file_that_was_rolled_back() -> None:
    signed()
    before = guard.path().read_bytes()
    sealer = seal()
    emit(1)
    seal(sealer)
    guard.path().write_bytes(before)
    emit(1)
    settle()
    count = Checkpoint.objects.count()
    with pytest.raises(Refused) as found:
        sealer.finish()
    assert found.value.reason is Reason.GUARD_BEHIND
    assert Checkpoint.objects.count() == count
    adopt()


def test_nothing_is_adopted_where_nothing_is_refused_or_nothing_is_said() -> None:
    signed()
    with pytest.raises(CommandError, match="nothing to adopt"):
        command("--adopt", "--reason", "x")
    lose()
    with pytest.raises(CommandError, match="Say why"):
        command("--adopt", "--reason", " ")
    assert not guard.path().exists()
    adopt()


def test_a_folder_that_cannot_be_written_signs_nothing(trail: str, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    emit(1)
    settle()
    with override_settings(TRAIL_DIR=blocked / "trail"), pytest.raises(CommandError, match="cannot be"):
        command("--once")
    assert Checkpoint.objects.count() == 0
    seal()
    assert Checkpoint.objects.latest("size").size == len(sealed()) == Event.objects.count()
