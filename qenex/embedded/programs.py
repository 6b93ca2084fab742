"""Running PostgreSQL's programs as the account that owns the cluster."""

import subprocess
import tempfile
from typing import Any

from qenex.embedded.accounts import Account
from qenex.embedded.wheel import binary


def run(owner: Account, program: str, *arguments: str) -> str | None:
    """Run one program to its end; the last line of its complaint, or None when all went well."""
    switch: dict[str, Any] = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner.switch else {}
    # A pipe would stay open in the server that pg_ctl leaves behind, and reading it would never end.
    with tempfile.TemporaryFile("w+") as output:
        command = [str(binary(program)), *arguments]
        done = subprocess.run(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False, **switch
        )
        output.seek(0)
        lines = output.read().strip().splitlines()
    if done.returncode == 0:
        return None
    return lines[-1] if lines else f"{program} ended with {done.returncode}"
