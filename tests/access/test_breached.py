"""Looking a password up in a sorted file of hashes."""

import hashlib
from pathlib import Path

import pytest

from qenex.access import breached


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize("count", [1, 2, 3, 10, 257])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("counted", [True, False])
def test_every_line_is_found_and_nothing_else(tmp_path: Path, count: int, ending: str, counted: bool) -> None:
    listed = [f"password {number}" for number in range(count)]
    lines = [f"{digest(each)}:{index * 977}" if counted else digest(each) for index, each in enumerate(listed)]
    path = tmp_path / "hashes.txt"
    path.write_bytes(ending.join(sorted(lines)).encode() + (ending.encode() if count % 2 else b""))
    assert [each for each in listed if not breached.contains(path, each)] == []
    assert [number for number in range(300) if breached.contains(path, f"other {number}")] == []


def test_a_missing_file_is_an_error_and_no_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        breached.contains(tmp_path / "none", "anything")
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty"):
        breached.contains(tmp_path / "empty", "anything")
