"""Asks for a verification of the trail as the page does, and waits for the worker of `up` to carry it out."""

import subprocess
import sys
from pathlib import Path

from qenex.embedded import guard
from tests.embedded.conftest import only

SCRIPT = """
import time
from compliance.checking import check_request
from compliance.models import TrailCheck
from compliance.tasks import run_trail_check
from qenex.kernel.context import Context, acting

with acting(Context(actor="somebody", method="command")):
    check, new = check_request()
assert new
run_trail_check.delay(str(check.pk))
ends = time.monotonic() + 60
while (row := TrailCheck.objects.get(pk=check.pk)).is_open and time.monotonic() < ends:
    time.sleep(0.1)
print(row.state, row.count, row.done > 0)
"""


def verified(var: Path) -> str:
    """What became of it: the state, how many differences, whether anything was looked at. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", SCRIPT]
    done = subprocess.run(command, env=only(var), cwd=guard.PROJECT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]
