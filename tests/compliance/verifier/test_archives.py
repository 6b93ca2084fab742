"""Archives of exports: unsafe, swollen and damaged ones are refused, and nothing is written elsewhere."""

import gzip
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from compliance.trail import bundle
from tests.compliance.verifier.world import (
    LOG,
    archive,
    export_files,
    manifest,
    mirror_files,
    run,
    write,
)

KEY = "--key", LOG.vkey


def _raw(name: str, data: bytes = b"", **changes: Any) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in changes.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


GOOD = {**export_files(0, 3, 3), "manifest.json": manifest(export_files(0, 3, 3), 0, 3, 3)}


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (_raw("/etc/passwd", b"x"), "/etc/passwd: an export has no such file"),
        (_raw("../checkpoint", b"x"), "../checkpoint: an export has no such file"),
        (_raw("a/../../checkpoint", b"x"), "a/../../checkpoint: an export has no such file"),
        (_raw("./checkpoint", b"x"), "./checkpoint: an export has no such file"),
        (_raw("entries-0000000000000000000.jsonl", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "plain files only"),
        (_raw("vkeys", type=tarfile.LNKTYPE, linkname="checkpoint"), "plain files only"),
        (_raw("range", type=tarfile.DIRTYPE), "plain files only"),
        (_raw("range", type=tarfile.CHRTYPE), "plain files only"),
        (_raw("range", type=tarfile.FIFOTYPE), "plain files only"),
        (_raw("range", type=tarfile.GNUTYPE_SPARSE), "plain files only"),
        (tarfile.TarInfo("e" * 200).tobuf(tarfile.PAX_FORMAT), "plain files only"),
        (_raw("checkpoint", b"x"), "checkpoint: it is in the archive twice"),
        (_raw("manifest.json", b"x"), "manifest.json: it is in the archive twice"),
        (b"x" * 512, "the head of a file is no head"),
        (b"x" * 100, "the head of a file is no head"),
        (bytes(512) + b"x" * 512, "the archive goes on after its end"),
    ],
)
def test_an_archive_with_an_unsafe_member_is_refused_and_writes_nothing_elsewhere(
    tmp_path: Path, capsys: Any, member: bytes, why: str
) -> None:
    whole = archive(GOOD)[: -len(bundle.END)]
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(whole + member + bundle.END))
    code, printed = run(capsys, "export", tmp_path / "a.tar.gz", *KEY)
    assert (code, why in printed) == (1, True), printed
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(whole + bundle.END))
    assert run(capsys, "export", tmp_path / "a.tar.gz", *KEY)[0] == 0
    assert [each.name for each in tmp_path.iterdir()] == ["a.tar.gz"]


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path, capsys: Any) -> None:
    bomb = _raw("range")[:124] + b"77777777777\0" + _raw("range")[136:]
    summed = sum(bomb[:148]) + sum(bomb[156:512]) + 8 * 32
    bomb = bomb[:148] + b"%06o\0 " % summed + bomb[156:]
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(bomb))
    code, printed = run(capsys, "export", tmp_path / "a.tar.gz", *KEY, "--limit", "1000000")
    assert (code, printed) == (1, "not proven: range: the archive would unpack to more than 1000000 bytes (--limit)\n")
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(archive(GOOD) + bytes(5_000_000)))
    assert run(capsys, "export", tmp_path / "b.tar.gz", *KEY, "--limit", "1000000")[0] == 1


def test_a_damaged_archive_is_told_from_what_is_none(tmp_path: Path, capsys: Any) -> None:
    whole, path = gzip.compress(archive(GOOD), mtime=0), tmp_path / "a.tar.gz"
    for at in range(12, len(whole), 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert run(capsys, "export", path, *KEY)[0] == 1
    path.write_bytes(whole[:-200])
    assert run(capsys, "export", path, *KEY)[0] == 1
    for other in (b"", b"text", BytesIO().getvalue()):
        path.write_bytes(other)
        assert run(capsys, "export", path, *KEY)[0] == 2
    assert run(capsys, "export", tmp_path / "missing", *KEY)[0] == 2
    assert run(capsys, "export", write(tmp_path / "empty", {"some": b""}), *KEY)[0] == 2
    assert run(capsys, "export", write(tmp_path / "mirror", mirror_files()), *KEY)[0] == 2
