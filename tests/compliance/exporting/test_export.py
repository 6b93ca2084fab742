"""An export proves itself to the verifier that knows nothing of us, and says when it was touched."""

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.models import Checkpoint
from compliance.sealing import keys
from qenex.kernel.models import Event
from tests.support.ledger import give, make_shop, post
from tests.support.trail import emit, seal

VERIFIER = Path(settings.BASE_DIR) / "compliance" / "verifier" / "qenex_verify.py"


@pytest.fixture(scope="module")
def log(shared_trail: str) -> int:
    """A log with some transfers; its signed size."""
    shop = make_shop(3, funds="100")
    one, two, _ = shop.customers
    post(shop.book, give(one, two, 7, reference="für März"), give(one, two, 8))
    emit(300)
    seal()
    return Checkpoint.objects.latest("size").size


def export(*arguments: object) -> str:
    """What `manage.py export_log` prints."""
    out = io.StringIO()
    call_command("export_log", *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def verified(path: Path) -> "subprocess.CompletedProcess[str]":
    """What an auditor's own Python says."""
    command = [sys.executable, "-I", str(VERIFIER), "export", str(path), "--key", keys.vkeys()[0], "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={})


@pytest.mark.parametrize("name", ["whole", "whole.tar.gz"])
def test_a_whole_log_is_proven(log: int, tmp_path: Path, name: str) -> None:
    said = export(tmp_path / name)
    done = verified(tmp_path / name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert said.startswith(f"{log:,} events from position 0 on, under checkpoint {log:,}, in ")
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 6), (255, 257), (3, None), (100, 256)])
def test_a_range_is_proven_without_the_rest(log: int, tmp_path: Path, start: int, end: int | None) -> None:
    target = tmp_path / "some"
    export(target, "--from", start, *(() if end is None else ("--until", end)))
    assert verified(target).returncode == 0
    manifest = json.loads((target / "manifest.json").read_text())
    assert (manifest["start"], manifest["end"]) == (start, log if end is None else end)


def test_the_export_holds_the_leaves_of_transfers_unless_they_are_left_out(log: int, tmp_path: Path) -> None:
    export(tmp_path / "with")
    export(tmp_path / "without", "--no-transfers")
    files = {path.name.split("-")[0] for path in (tmp_path / "with").iterdir()}
    assert files == {"checkpoint", "vkeys", "range", "manifest.json", "entries", "hashes", "transfers"}
    [transfers] = (tmp_path / "with").glob("transfers-*")
    assert len(transfers.read_bytes().splitlines()) == 5
    assert not list((tmp_path / "without").glob("transfers-*"))
    assert verified(tmp_path / "without").returncode == 0


@pytest.mark.parametrize("kind", ["entries", "hashes", "transfers", "range", "checkpoint"])
def test_a_byte_that_changed_is_found(log: int, tmp_path: Path, kind: str) -> None:
    export(tmp_path / "touched")
    [path] = (tmp_path / "touched").glob(f"{kind}*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    done = verified(tmp_path / "touched")
    assert done.returncode == 1, done.stdout


def test_that_it_was_taken_is_in_the_log(log: int, tmp_path: Path) -> None:
    said = export(tmp_path / "taken", "--until", 9, "--reason", "audit 2026")
    event = Event.objects.filter(type="compliance.log.exported").latest("recorded_at")
    told = json.loads(bytes(event.body))
    assert (told["data"]["start"], told["data"]["end"], told["reason"]) == (0, 9, "audit 2026")
    assert told["data"]["manifest_sha256"] in said
    assert told["actor"]["name"] == "export_log"


def test_the_same_range_is_the_same_archive(log: int, tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tar.gz"):
        export(tmp_path / name, "--until", 50)
    first, second = (gzip.decompress((tmp_path / name).read_bytes()) for name in ("a.tar.gz", "b.tar.gz"))
    assert first == second
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        assert {member.mode for member in archive} == {0o444}


def test_what_cannot_be_exported_is_told_in_one_line_and_leaves_nothing(log: int, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    before = Event.objects.filter(type="compliance.log.exported").count()
    for arguments, said in {
        (there,): "cannot be written: There is something of that name",
        (tmp_path / "no" / "where",): "cannot be written: No such file or directory",
        (tmp_path / "x", "--from", 9, "--until", 9): "There is no such range",
        (tmp_path / "x", "--until", 99_999): "There is no such range",
        (tmp_path / "x", "--from", -1): "There is no such range",
    }.items():
        with pytest.raises(CommandError, match=said) as refused:
            export(*arguments)
        assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == [there]
    assert Event.objects.filter(type="compliance.log.exported").count() == before


def test_a_log_of_which_nothing_is_signed_cannot_be_exported(trail: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing was signed yet"):
        export(tmp_path / "x")


def test_a_receipt_of_the_log_is_proven_by_the_same_program(log: int, tmp_path: Path) -> None:
    from compliance import selectors
    from ledger.models import Transfer

    transfer = Transfer.objects.get(reference="für März")
    path = tmp_path / "t.receipt"
    path.write_text(selectors.transfer_receipt(transfer).encode())
    command = [sys.executable, "-I", str(VERIFIER), "receipt", str(path), "--key", keys.vkeys()[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(transfer.pk) in done.stdout
    shutil.rmtree(tmp_path)
