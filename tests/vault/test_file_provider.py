"""Keys in files are made once, whole, for their owner alone, and never in the place of lost ones."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qenex.embedded.guard import PROJECT
from qenex.vault import checks
from qenex.vault.errors import ProviderUnavailable, Tampered
from qenex.vault.providers.file import FileProvider

RACER = """
import sys
from pathlib import Path
from qenex.vault.providers.file import FileProvider
provider = FileProvider(Path(sys.argv[1]))
sys.stdin.readline()
print(provider.make(1).id)
"""


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in [directory, *directory.iterdir()]}


def test_the_first_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    provider = FileProvider(tmp_path / "a" / "keys")
    assert provider.newest() is None
    kek = provider.make(1)
    assert (kek.version, kek.id.startswith("file:"), provider.newest()) == (1, True, kek)
    assert modes(tmp_path / "a" / "keys") == {"keys": 0o700, "kek-00001": 0o600}
    assert (tmp_path / "a" / "keys" / "kek-00001").stat().st_size == 32


def test_processes_that_race_for_the_first_key_get_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACER, str(tmp_path / "keys")]
    racers = [
        subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = {racer.communicate(timeout=60)[0] for racer in racers}
    assert (len(answers), sorted(modes(tmp_path / "keys"))) == (1, ["kek-00001", "keys"])


def test_making_a_version_again_changes_nothing(tmp_path: Path) -> None:
    provider = FileProvider(tmp_path / "keys")
    first, again, second = provider.make(1), provider.make(1), provider.make(2)
    assert (again, second.version, second.id != first.id, provider.newest()) == (first, 2, True, second)


def test_what_was_wrapped_opens_in_another_process_under_its_own_key_and_aad_only(tmp_path: Path) -> None:
    provider = FileProvider(tmp_path / "keys")
    first, second = provider.make(1), provider.make(2)
    wrapped = provider.wrap(first, b"a key", b"whose")
    other = FileProvider(tmp_path / "keys")
    assert other.unwrap(first.id, wrapped, b"whose") == b"a key"
    for kek, aad in ((first, b"another's"), (second, b"whose")):
        with pytest.raises(Tampered):
            other.unwrap(kek.id, wrapped, aad)
    with pytest.raises(ProviderUnavailable, match=r"the key file:0000 is not in .*/keys; restore it"):
        other.unwrap("file:0000", wrapped, b"whose")


@pytest.mark.parametrize(("name", "mode"), [("", 0o750), ("", 0o701), ("kek-00001", 0o640), ("kek-00001", 0o604)])
def test_loose_permissions_are_refused(tmp_path: Path, settings: Any, name: str, mode: int) -> None:
    directory = tmp_path / "keys"
    kek = FileProvider(directory).make(1)
    (directory / name).chmod(mode)
    loose = FileProvider(directory)
    for act in (loose.check, loose.newest, lambda: loose.unwrap(kek.id, bytes(60), b"")):
        with pytest.raises(ProviderUnavailable, match=r"is open to others than its owner: chmod [67]00 "):
            act()
    settings.KEY_DIR = directory
    assert [each.id for each in checks.check_provider(None)] == ["qenex.E031"]


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_key_that_is_not_whole_is_refused(tmp_path: Path, content: bytes) -> None:
    directory = tmp_path / "keys"
    FileProvider(directory).make(1)
    (directory / "kek-00001").write_bytes(content)
    with pytest.raises(ProviderUnavailable, match=rf"kek-00001 must have 32 bytes and has {len(content)}; restore it"):
        FileProvider(directory).check()


def test_a_link_to_a_key_elsewhere_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    FileProvider(directory).make(1)
    (directory / "kek-00001").rename(tmp_path / "elsewhere")
    (directory / "kek-00001").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProviderUnavailable, match="is open to others"):
        FileProvider(directory).newest()


HSM = {"KEY_PROVIDER": "pkcs11", "PKCS11_MODULE": "m", "PKCS11_TOKEN": "t", "PKCS11_PIN": "p"}


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        ({}, []),
        ({"PROFILE": "production"}, ["qenex.E030"]),
        ({"KEY_PROVIDER": "pkcs11"}, ["qenex.E032"] * 3),
        (HSM | {"PKCS11_PIN": "", "PROFILE": "production"}, ["qenex.E032"]),
        (HSM | {"PROFILE": "production"}, []),
    ],
)
def test_the_checks(settings: Any, keys: Path, change: dict[str, str], numbers: list[str]) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert [each.id for each in checks.check_provider(None)] == numbers
