"""A snapshot is gone on from as it was made, and otherwise not at all."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from compliance.replay import snapshots
from ledger import services
from ledger.domain.drafts import Kind
from qenex.kernel.models import Event
from tests.compliance.replay.test_command import run
from tests.support.ledger import give, hold, make_shop, on, post
from tests.support.trail import execute, seal

pytestmark = pytest.mark.usefixtures("own_database", "database")


@pytest.fixture(scope="module")
def kept(own_database: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot in the middle of everything, after which everything goes on; nobody writes into it."""
    directory = tmp_path_factory.mktemp("snapshot")
    with django_db_blocker.unblock():
        shop = make_shop(2, funds="100")
        one, two = shop.pair
        first, second = hold(one, two, 10, timeout=3600), hold(two, one, 20)
        post(shop.book, first, second, give(one, two, 5))
        post(shop.book, on(first.id, Kind.HOLD_POST, 4, final=False))
        seal()
        assert run("--snapshot", str(directory))[0] == 0
        third = hold(two, one, 3, timeout=60)
        post(shop.book, third, on(first.id, Kind.HOLD_VOID), on(second.id, Kind.HOLD_POST, 2, final=False))
        post(shop.book, on(third.id, Kind.HOLD_POST))
        services.account_update(account=one, status="frozen", floor=Decimal("-1"))
        make_shop(1, funds="7")
    return directory


def test_from_a_snapshot_it_goes_on_to_the_same_state_with_fewer_events(kept: Path) -> None:
    whole, part = run("--compare"), run("--compare", "--from-snapshot", str(kept))
    assert (whole[0], part[0], part[1].splitlines()[:-1]) == (0, 0, whole[1].splitlines()[:-1])
    read = [int(said.splitlines()[-1].split()[0]) for _, said in (whole, part)]
    assert 0 < read[1] < read[0]
    assert Event.objects.filter(type="compliance.snapshot.made").count() == 1


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        path = directory / name
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    return edit


def _another(directory: Path) -> None:
    """A manifest whose hash is its own, but nobody has told the log of it."""
    path = directory / snapshots.MANIFEST
    other = replace(snapshots.read(directory), checkpoint="forged")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"checkpoint": "forged", "hash": other.hash}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_edit("ledger_balance.rows", b"100.0", b"900.0"), "ledger_balance.rows was changed"),
        (_edit("manifest.json", b'"rows": 3', b'"rows": 4'), "does not have the hash that it says"),
        (lambda directory: (directory / "ledger_book.rows").unlink(), "ledger_book.rows cannot be read"),
        (_another, "the log does not know of this snapshot"),
    ],
    ids=["rows", "manifest", "gone", "another"],
)
def test_a_snapshot_that_was_changed_is_refused(
    kept: Path, change: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    directory = shutil.copytree(kept, tmp_path / "copy")
    change(directory)
    code, text = run("--compare", "--from-snapshot", str(directory))
    assert (code, said in text) == (2, True)


def test_a_snapshot_of_another_history_is_refused(kept: Path) -> None:
    before = run("--compare", "--from-snapshot", str(kept))
    execute("UPDATE compliance_leaf SET hash = sha256('other') WHERE position = 1")
    code, text = run("--compare", "--from-snapshot", str(kept))
    assert (before[0], code, "the log has another history" in text) == (0, 2, True)
