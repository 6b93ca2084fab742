"""Refusing early when the disk is full, in words."""

import shutil
from pathlib import Path

from qenex.embedded.errors import EmbeddedError

NEEDED_MB = 256
LOW_MB = 64


def free_mb(var: Path) -> int:
    """Free megabytes on the disk that holds the directory."""
    return shutil.disk_usage(var).free // (1024 * 1024)


def check_space(var: Path) -> None:
    """Raise EmbeddedError when the state directory's disk has no room for a server to start in."""
    var.mkdir(parents=True, exist_ok=True)
    free = free_mb(var)
    if free < NEEDED_MB:
        raise EmbeddedError(f"the disk that holds {var} is full: {free} MB free, {NEEDED_MB} MB needed")
