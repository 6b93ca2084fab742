"""The operating system's account that runs PostgreSQL, which refuses to run as root."""

import os
import pwd
import stat
from pathlib import Path
from typing import NamedTuple

from qenex.embedded.errors import EmbeddedError
from qenex.embedded.wheel import ensure_server_account, server_account


class Account(NamedTuple):
    """Who runs the server; `switch` tells whether that is somebody else than us."""

    uid: int
    gid: int
    switch: bool


def account(*, create: bool = False) -> Account:
    """Ourselves, or for root the wheel's system account, made when `create` asks for it.

    Raises EmbeddedError when the account is missing and cannot be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    if create:
        ensure_server_account()
    try:
        entry = pwd.getpwnam(server_account())
    except KeyError as error:
        raise EmbeddedError(f"the system account {server_account()!r} is missing") from error
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def own_dir(path: Path, owner: Account) -> None:
    """Make a directory that only its owner may enter, and refuse one that somebody else laid there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner.uid):
        raise EmbeddedError(f"{path} belongs to somebody else; remove it")
    if owner.switch:
        os.chown(path, owner.uid, owner.gid)
    path.chmod(0o700)


def let_pass(path: Path) -> None:
    """Let other accounts walk through (not read) every directory above the path."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
