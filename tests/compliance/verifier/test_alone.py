"""The verifier is one file that needs Python and `cryptography`, and it judges the published vectors as we do."""

import ast
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import merkle, note
from compliance.verifier import qenex_verify
from tests.compliance.trail.test_merkle import mth
from tests.compliance.trail.test_note import ADA, MALFORMED, SMALL_ORDER, _raw_vkey
from tests.compliance.trail.vectors import hashes, published
from tests.compliance.verifier.world import LOG, export, receipt, signed

FILE = Path(qenex_verify.__file__)


def test_it_imports_the_standard_library_and_cryptography_alone() -> None:
    names = set()
    for node in ast.walk(ast.parse(FILE.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
        elif isinstance(node, ast.Name):
            assert node.id not in {"__import__", "eval", "exec", "importlib", "compile"}
    roots = {name.partition(".")[0] for name in names}
    assert roots - sys.stdlib_module_names == {"cryptography"}
    assert not roots & {"socket", "urllib", "http", "subprocess", "pickle", "importlib", "ctypes"}


def alone(tmp_path: Path, *argv: object, flags: tuple[str, ...] = ("-I",)) -> subprocess.CompletedProcess[str]:
    """Runs a copy of the file elsewhere, without the environment and without the project's directory."""
    (tmp_path / "verify.py").write_bytes(FILE.read_bytes())
    command = [sys.executable, *flags, "-W", "error", str(tmp_path / "verify.py"), *map(str, argv)]
    return subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=60)


def test_a_copy_of_the_file_runs_by_itself(tmp_path: Path) -> None:
    (tmp_path / "some.receipt").write_text(receipt(20, 3).encode())
    done = alone(tmp_path, "receipt", "some.receipt", "--key", LOG.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  amount         1234.56\n" in done.stdout
    path = export(tmp_path / "export")
    assert alone(tmp_path, "export", path, "--key", LOG.vkey).returncode == 0
    (tmp_path / "earlier").write_text(signed(300))
    assert alone(tmp_path, "log", path, "--since", "earlier").returncode == 0
    assert alone(tmp_path, "log", path, "--since", "missing").returncode == 2
    (path / "range").write_text("")
    assert alone(tmp_path, "log", path, "--since", "earlier").returncode == 1


def test_nothing_of_the_project_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(FILE.read_bytes())
    code = "import runpy, sys; runpy.run_path('verify.py'); print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"compliance", "qenex", "ledger", "django"} == set()
    assert "cryptography" in loaded


def test_without_cryptography_it_says_so(tmp_path: Path) -> None:
    done = alone(tmp_path, "receipt", "some.receipt", "--key", LOG.vkey, flags=("-I", "-S"))
    assert (done.returncode, done.stderr) == (2, "cannot read: the Python package `cryptography` is not installed\n")


@pytest.mark.parametrize("case", published("rfc6962_inclusion_proofs")["cases"], ids=lambda case: case["file"])
def test_published_inclusion_proofs(case: Any) -> None:
    leaf, root, proof = b64decode(case["leafHash"]), b64decode(case["root"]), hashes(case["proof"]) or []
    verdict = len(leaf) == 32 and qenex_verify.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    assert verdict is not case["wantErr"]


@pytest.mark.parametrize("case", published("rfc6962_consistency_proofs")["cases"], ids=lambda case: case["file"])
def test_published_consistency_proofs(case: Any) -> None:
    roots = b64decode(case["root1"]), b64decode(case["root2"])
    verdict = qenex_verify.verify_consistency(case["size1"], case["size2"], *roots, hashes(case["proof"]) or [])
    assert verdict is not case["wantErr"]


@given(st.lists(st.binary(max_size=3), max_size=600), st.integers(0, 600))
def test_its_roots_are_those_of_the_definition_however_a_range_grows(data: list[bytes], at: int) -> None:
    leaves = [qenex_verify.leaf_hash(leaf) for leaf in data]
    grown = qenex_verify.Range().extend(leaves[:at]).extend(iter(leaves[at:]))
    assert grown.root() == mth(data) == qenex_verify.root_of(leaves)
    assert tuple(grown.peaks) == peaks_of(leaves)


def peaks_of(leaves: list[bytes]) -> tuple[bytes, ...]:
    """The peaks as the server has them."""
    grown = merkle.CompactRange()
    grown.extend(leaves)
    return grown.hashes


def _holds(text: str, vkey: str) -> bool:
    try:
        key = qenex_verify.parse_key(vkey, qenex_verify.ED25519)
        qenex_verify.signer(qenex_verify.parse_checkpoint(text, "note"), [key], None, "note")
    except (qenex_verify.NotProven, qenex_verify.Unreadable):
        return False
    return True


def test_published_checkpoints_are_signed() -> None:
    [log] = [each for each in published("signed_note") if "checkpoints_by_size" in each]
    assert all(_holds(each, log["vkey"]) for each in log["checkpoints_by_size"].values())
    text = log["note"]
    for at in range(len(text)):
        assert not _holds(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :], log["vkey"])


@pytest.mark.parametrize("text", [text for text in MALFORMED if "\ud800" not in text])
def test_what_is_no_note_is_no_checkpoint(text: str) -> None:
    checkpoint = text.replace("If it is not written down,\nit was never said.", "log\n0\n" + signed(0).split("\n")[2])
    assert not _holds(checkpoint, ADA.vkey)


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_key_that_no_secret_key_has_is_refused(public: str) -> None:
    with pytest.raises(qenex_verify.Unreadable, match="small order or not in canonical form"):
        qenex_verify.parse_key(_raw_vkey("log.example", b"\x01" + bytes.fromhex(public)), qenex_verify.ED25519)


def test_it_reads_every_key_as_the_server_does() -> None:
    vkey = LOG.vkey
    parts = {vkey[start:end] for start in range(len(vkey)) for end in range(start, len(vkey) + 1)}
    for each in parts:
        try:
            found = qenex_verify.parse_key(each, qenex_verify.ED25519).id
        except qenex_verify.Unreadable:
            found = None
        assert found == (note.parse_vkey(each).id if each == vkey else None)


def test_a_log_is_checked_at_100_000_entries_a_second(tmp_path: Path, capsys: Any) -> None:
    """Against a quarter of that, so that a busy machine does not fail: the benchmark has the figure."""
    body = b'{"type":"test.happened","n":' + b"1" * 400 + b"}"
    count = 40_000
    lines = [b'{"position":%d,"transaction":%d,"event":%b}\n' % (at, at, body) for at in range(count)]
    leaves = [merkle.leaf_hash(b"qenex event v1\n" + at.to_bytes(8, "big") + body) for at in range(count)]
    (tmp_path / "entries-0000000000000000000.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "checkpoint").write_text(signed(count, merkle.root_of(leaves)))
    started = process_time()
    assert qenex_verify.main(["log", str(tmp_path), "--key", LOG.vkey]) == 0
    assert count / (process_time() - started) > 25_000
    assert f"entries 0 to {count - 1} are in the log of {count} entries" in capsys.readouterr().out
