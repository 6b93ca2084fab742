"""`manage.py verify_log` says in one line that all is well, and otherwise what is not and where."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.models import Checkpoint, Leaf
from tests.support.ledger import make_shop
from tests.support.trail import emit, execute, seal


def verify(*arguments: object) -> list[str]:
    out = io.StringIO()
    call_command("verify_log", *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue().splitlines()


def test_the_command_reports_fails_and_knows_what_others_kept(trail: str, tmp_path: Path) -> None:
    make_shop(2, funds="100")
    emit(10)
    seal()
    last = Checkpoint.objects.latest("size")
    kept = tmp_path / "kept"
    kept.write_text(last.note)
    signed = Checkpoint.objects.count()
    said, root = verify("--since", kept)
    assert said == f"{last.size} events, 0 tiles, {signed} checkpoints, 0 cosignatures, 2 transfers: all as computed"
    assert root == f"The root of {last.size} events is {bytes(last.root).hex()}; 0 wait for a leaf."

    (tmp_path / "other").write_text("nothing")
    for arguments, line in {
        ("--since", tmp_path / "other"): "holds no checkpoint",
        ("--since", tmp_path / "nowhere"): "cannot be read: No such file or directory",
        ("--report", tmp_path / "no" / "where"): "cannot be written: No such file or directory",
    }.items():
        with pytest.raises(CommandError, match=line) as unusable:
            verify(*arguments)
        assert unusable.value.returncode == 2

    leaf = Leaf.objects.get(position=4)
    execute("UPDATE kernel_event SET actor = 'somebody else' WHERE id = %s", leaf.event_id)
    with pytest.raises(CommandError, match=r"^The trail differs in 1 places\.$") as different:
        verify("--report", tmp_path / "report.json", "--no-ledger")
    assert different.value.returncode == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["clean"], report["count"], report["leaves"]) == (False, 1, last.size)
    [found] = report["differences"]
    assert (found["id"], found["what"], found["stored"]) == (str(leaf.event_id), "actor", "somebody else")
