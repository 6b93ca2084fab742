"""The tour of the API in the README, typed into a shell word for word."""

import re
import subprocess
import sys
from pathlib import Path

from qenex.embedded import guard
from tests.embedded.conftest import only

HEADING = "## A tour of the API in a minute"


def script() -> str:
    """The commands of the tour, in their order, with nothing but this interpreter and the address put in."""
    section = (guard.PROJECT / "README.md").read_text().split(HEADING)[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
    return "".join(blocks).replace(".venv/bin/python", sys.executable).replace("http://127.0.0.1:8000", "$TOUR")


def answers(port: int, var: Path) -> list[str]:
    """What the tour prints, line by line. Raises CalledProcessError where a command fails."""
    shell = ["/bin/bash", "-euo", "pipefail", "-c", script()]
    environment = only(var) | {"TOUR": f"http://127.0.0.1:{port}"}
    done = subprocess.run(shell, env=environment, cwd=guard.PROJECT, check=True, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if line]
