"""What a witness remembers: it is on the disk before anything is signed, and nobody sets it back unnoticed."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from compliance.trail import note
from compliance.witness.command import carry_out
from compliance.witness.cosigner import Cosigner
from compliance.witness.errors import Refused, StateRefused, WitnessError
from compliance.witness.keys import Key
from compliance.witness.logs import Logs
from compliance.witness.states import name_of
from tests.support.witness import WITNESS, Log, witness

LOG = Log()
NAME = name_of(LOG.origin)
COPIES = ("beside", "state")
FORK = Log(LOG.origin, fork="not ")


@pytest.fixture
def used(memory: Path) -> Cosigner:
    """A witness that has cosigned 3, 5 and 8 entries."""
    found = witness(memory, LOG)
    for old, size in ((0, 3), (3, 5), (5, 8)):
        found.add_checkpoint(LOG.ask(old, size))
    return found


def test_the_key_is_for_its_owner_alone_and_keeps_its_name(memory: Path) -> None:
    made = Key.make(memory / "key", "w.example")
    assert (memory / "key").stat().st_mode & 0o777 == 0o600
    found = Key.load(memory / "key")
    assert (found.name, found.vkey) == ("w.example", made.vkey)
    assert note.parse_vkey(made.vkey) == note.Key("w.example", note.COSIGNATURE, made.public)
    with pytest.raises(WitnessError, match="is there already"):
        Key.make(memory / "key", "w.example")
    assert Key.load(memory / "key").vkey == made.vkey


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "\x00"])
def test_a_name_that_no_note_can_carry_is_refused(memory: Path, name: str) -> None:
    with pytest.raises(WitnessError, match="no name for a witness"):
        Key.make(memory / "key", name)
    assert not (memory / "key").exists()


def test_a_key_that_others_can_read_is_refused(memory: Path) -> None:
    Key.make(memory / "key", "w.example")
    (memory / "key").chmod(0o640)
    with pytest.raises(WitnessError, match="open to others"):
        Key.load(memory / "key")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "w", "seed": "AAAA", "origins": []}', "\x00", '"key"'])
def test_a_broken_key_is_refused(memory: Path, text: str) -> None:
    (memory / "key").write_text(text)
    (memory / "key").chmod(0o600)
    with pytest.raises(WitnessError, match="no key of a witness"):
        Key.load(memory / "key")


def test_another_process_goes_on_where_this_one_ended(used: Cosigner, memory: Path) -> None:
    again = witness(memory, LOG)
    with pytest.raises(Refused, match=r"^8$"):
        again.add_checkpoint(LOG.ask(0, 9))
    assert again.add_checkpoint(LOG.ask(8, 9)).startswith(f"\u2014 {WITNESS} ")


def _rewrite(change: Callable[[dict[str, object]], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        kept = json.loads(path.read_bytes())
        change(kept)
        path.write_text(json.dumps(kept))

    return damage


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "no JSON": lambda path: path.write_bytes(b"\xff"),
    "another size": _rewrite(lambda kept: kept.update(size=5)),
    "another root": _rewrite(lambda kept: kept.update(root=bytes(32).hex())),
    "another serial": _rewrite(lambda kept: kept.update(serial=4)),
    "another seal": _rewrite(lambda kept: kept.update(seal=bytes(32).hex())),
    "another log's": _rewrite(lambda kept: kept.update(origin="log.example/other")),
    "no seal": _rewrite(lambda kept: kept.pop("seal")),
    "a list": lambda path: path.write_text("[]"),
}


@pytest.mark.parametrize("copies", [COPIES[:1], COPIES[1:], COPIES], ids=["first", "second", "both"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_refused_and_says_the_way_out(
    used: Cosigner, memory: Path, damage: str, copies: tuple[str, ...]
) -> None:
    for copy in copies:
        DAMAGES[damage](memory / copy / f"{NAME}.json")
    again = witness(memory, LOG)
    for body in (LOG.ask(8, 9), LOG.ask(0, 9), FORK.ask(0, 8), LOG.ask(8, 8)):
        with pytest.raises(StateRefused, match=f"{LOG.origin} is refused: .*witness adopt"):
            again.add_checkpoint(body)
    with pytest.raises(StateRefused):
        again.states.check()


@pytest.mark.parametrize("older", COPIES)
def test_an_older_copy_beside_a_newer_one_is_refused(memory: Path, older: str) -> None:
    found = witness(memory, LOG)
    found.add_checkpoint(LOG.ask(0, 3))
    path = memory / older / f"{NAME}.json"
    before = path.read_bytes()
    found.add_checkpoint(LOG.ask(3, 5))
    found.add_checkpoint(LOG.ask(5, 8))
    path.write_bytes(before)
    for body in (LOG.ask(3, 9), LOG.ask(8, 9), FORK.ask(3, 6, 3)):
        with pytest.raises(StateRefused, match="two copies differ"):
            witness(memory, LOG).add_checkpoint(body)


def test_a_second_copy_that_is_one_step_behind_is_a_killed_witness_s_and_goes_on(memory: Path) -> None:
    found = witness(memory, LOG)
    found.add_checkpoint(LOG.ask(0, 3))
    path = memory / "state" / f"{NAME}.json"
    before = path.read_bytes()
    found.add_checkpoint(LOG.ask(3, 5))
    path.write_bytes(before)
    again = witness(memory, LOG)
    for body in (FORK.ask(3, 5, 3), FORK.ask(5, 6, 4)):
        with pytest.raises(Refused):
            again.add_checkpoint(body)
    again.add_checkpoint(LOG.ask(5, 6))
    assert path.read_bytes() == (memory / "beside" / f"{NAME}.json").read_bytes()


def test_a_key_that_was_taken_elsewhere_alone_is_refused(used: Cosigner, memory: Path) -> None:
    elsewhere = memory / "elsewhere"
    elsewhere.mkdir()
    shutil.copy2(memory / "key", elsewhere / "key")
    moved = witness(elsewhere, LOG)
    with pytest.raises(StateRefused, match="missing, and the key has signed"):
        moved.add_checkpoint(FORK.ask(0, 4))


def test_another_witness_s_state_is_refused(used: Cosigner, memory: Path) -> None:
    other = witness(memory / "other", LOG, name="other.example")
    other.add_checkpoint(LOG.ask(0, 2))
    for copy in COPIES:
        shutil.copy2(memory / copy / f"{NAME}.json", memory / "other" / copy)
    with pytest.raises(StateRefused, match="not what this key has written"):
        other.add_checkpoint(LOG.ask(8, 9))


def test_nothing_is_said_where_nothing_can_be_remembered(used: Cosigner, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        used.add_checkpoint(LOG.ask(8, 9))
    monkeypatch.undo()
    with pytest.raises(Refused, match=r"^8$"):
        used.add_checkpoint(LOG.ask(3, 9))


def _adopt(folder: Path, text: str) -> list[str]:
    said: list[str] = []
    (folder / "found").write_text(text)
    (folder / "logs").write_text(f"{LOG.vkey}\n")
    carry_out({"action": "adopt", "dir": folder, "beside": None, "checkpoint": folder / "found"}, said.append)
    return said


def test_a_checkpoint_that_it_has_cosigned_brings_a_lost_state_back(used: Cosigner, memory: Path) -> None:
    text = (memory / "public" / NAME / "checkpoint").read_text()
    for copy in COPIES:
        (memory / copy / f"{NAME}.json").unlink()
    assert _adopt(memory, text) == [f"From now on {LOG.origin} has 8 entries at least."]
    [line] = (memory / "adopted.log").read_text().splitlines()
    assert line.endswith(f" {LOG.origin} 8 {LOG.root(8).hex()}")
    again = witness(memory, LOG)
    with pytest.raises(Refused):
        again.add_checkpoint(FORK.ask(0, 9))
    again.add_checkpoint(LOG.ask(8, 9))


def test_nothing_else_is_adopted(used: Cosigner, memory: Path) -> None:
    text = (memory / "public" / NAME / "checkpoint").read_text()
    other = witness(memory / "other", LOG, name="other.example")
    strange = Log("log.example/strange").checkpoint(9)
    (memory / "state" / f"{NAME}.json").unlink()
    older = LOG.checkpoint(5) + used.key.cosign(LOG.checkpoint(5).partition("\n\n")[0] + "\n")
    fork = FORK.checkpoint(8) + used.key.cosign(FORK.checkpoint(8).partition("\n\n")[0] + "\n")
    for why, wrong in {
        "has not cosigned": LOG.checkpoint(9),
        "not cosigned": LOG.checkpoint(9) + other.add_checkpoint(LOG.ask(0, 9)),
        "no key of": strange,
        "no checkpoint": "x",
        "is no checkpoint": text.replace("\n8\n", "\n9x\n"),
        "no key": text.replace("\n8\n", "\n9\n"),
        "remembers a larger": older,
        "or another tree": fork,
    }.items():
        with pytest.raises(WitnessError, match=why):
            _adopt(memory, wrong)
    assert not (memory / "adopted.log").exists()
    assert len(_adopt(memory, text)) == 1


def test_logs_are_read_again_when_their_file_changes(memory: Path) -> None:
    found = Logs(memory / "logs")
    assert found.keys(LOG.origin) == frozenset()
    other = Log(seed=7)
    (memory / "logs").write_text(f"# ours\n{LOG.vkey}\n\n{other.vkey} another name\n")
    assert found.keys(LOG.origin) == {LOG.vkey}
    assert found.keys("another name") == {other.vkey}
    (memory / "logs").write_text(f"{LOG.vkey}\n{other.vkey}\n")
    assert found.keys(LOG.origin) == {LOG.vkey, other.vkey}
    (memory / "logs").unlink()
    assert found.all() == {}


@pytest.mark.parametrize("line", ["x", "a+b+c", LOG.vkey[:-1], LOG.vkey.replace("+", "-")])
def test_what_is_no_key_of_a_log_is_refused(memory: Path, line: str) -> None:
    (memory / "logs").write_text(f"{line}\n")
    with pytest.raises(WitnessError, match="no key of a log"):
        Logs(memory / "logs").all()


def test_a_witness_is_no_log(memory: Path) -> None:
    with pytest.raises(WitnessError, match="witness's key"):
        Logs(memory / "logs", [Key.make(memory / "key", "w.example").vkey])
