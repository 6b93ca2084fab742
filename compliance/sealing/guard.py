"""What was signed last, kept outside the database: a database that was set back cannot set it back too."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from compliance.sealing.errors import Reason, Refused

NAME = "guard.json"


@dataclass(frozen=True, slots=True)
class Guard:
    """The tree that was signed last."""

    origin: str
    size: int
    root: str
    """In hexadecimal."""
    cluster: int
    """PostgreSQL's own number of the cluster that held it: transaction numbers mean nothing in another one."""


def path() -> Path:
    """Where it lies."""
    return Path(settings.TRAIL_DIR) / NAME


def read() -> Guard | None:
    """What was kept; none where nothing was. Raises Refused where it cannot be read."""
    try:
        kept = json.loads(path().read_bytes())
        return Guard(str(kept["origin"]), int(kept["size"]), bytes.fromhex(kept["root"]).hex(), int(kept["cluster"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(Reason.GUARD_BROKEN, f"{path()} cannot be read ({type(error).__name__})") from None


def write(kept: Guard) -> None:
    """Keeps it: on the disk, whole, before this returns. Raises OSError."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(json.dumps(asdict(kept)).encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
