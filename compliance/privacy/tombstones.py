"""Who was erased, kept outside the database: a restored backup brings the data back, and this sends it away again.

One file of lines (`QENEX_ERASED`), the first with a random salt, each other with an erasure's number, its moment and
HMAC-SHA256 of the subject's name under the salt. It names nobody; whoever has both it and the users' numbers can try
them all, so that it is kept as the keys are, and never handed out.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from uuid import UUID

from django.conf import settings

from compliance.privacy.errors import PrivacyError
from qenex.kernel import clock


class Tombstone(NamedTuple):
    """One erasure."""

    erasure: UUID
    at: str
    digest: str


class Register(NamedTuple):
    """What a file says."""

    salt: bytes
    tombstones: tuple[Tombstone, ...]

    def digest(self, name: str) -> str:
        """How the file names a subject."""
        return hmac.new(self.salt, name.encode(), hashlib.sha256).hexdigest()


def add(erasure: UUID, name: str) -> None:
    """Writes an erasure down, before it is committed: a line too many does no harm. Raises OSError."""
    path = Path(settings.ERASED_FILE)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path) as file:
        register = _read(file, path)
        if register is None:
            register = Register(secrets.token_bytes(32), ())
            file.write(json.dumps({"salt": register.salt.hex()}) + "\n")
        said = {"erasure": str(erasure), "at": clock.now().isoformat(), "digest": register.digest(name)}
        file.write(json.dumps(said) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> Register:
    """The file's contents. Raises PrivacyError where it is none of ours, and OSError."""
    with path.open(encoding="utf-8") as file:
        register = _read(file, path)
    if register is None:
        raise PrivacyError(f"{path} is empty")
    return register


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _read(file: IO[str], path: Path) -> Register | None:
    lines = file.read().splitlines()
    if not lines:
        return None
    try:
        salt = bytes.fromhex(json.loads(lines[0])["salt"])
        said = [json.loads(line) for line in lines[1:]]
        stones = tuple(Tombstone(UUID(str(each["erasure"])), each["at"], each["digest"]) for each in said)
    except (ValueError, KeyError, TypeError):
        raise PrivacyError(f"{path} is no list of erasures, or was cut short") from None
    return Register(salt, stones)
