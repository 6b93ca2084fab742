"""A witness that is killed at a chosen step: run as a program, which forks one witness for each step that there is.

`dying.py FOLDER LOG BODY` copies the witness's directory for each step and prints a line of JSON: the copy, whether the
witness was killed there, and what it said before.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from compliance.witness.cosigner import Cosigner
from compliance.witness.keys import Key
from compliance.witness.logs import Logs


def main(base: str, vkey: str, body: str) -> None:
    """One witness after another, each a step further, until one survives."""
    for number in count(1):
        folder = Path(f"{base}.{number}")
        shutil.copytree(base, folder)
        ours, theirs = os.pipe()
        child = os.fork()
        if not child:
            os.close(ours)
            _ask(folder, vkey, Path(body).read_bytes(), number, theirs)
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours) as pipe:
            said = pipe.read()
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        print(json.dumps({"folder": str(folder), "killed": killed, "said": said}))
        if not killed:
            return


def _ask(folder: Path, vkey: str, body: bytes, last: int, answer: int) -> None:
    steps = count(1)

    def surrounded(step: Callable[..., Any]) -> Callable[..., Any]:
        def carry_out(*args: Any, **kwargs: Any) -> Any:
            _die(steps, last)
            result = step(*args, **kwargs)
            _die(steps, last)
            return result

        return carry_out

    for owner, name in ((os, "fsync"), (Path, "replace"), (Key, "cosign")):
        setattr(owner, name, surrounded(getattr(owner, name)))
    witness = Cosigner(folder, Key.load(folder / "key"), Logs(folder / "logs", [vkey]))
    line = witness.add_checkpoint(body)
    _die(steps, last)
    os.write(answer, line.encode())


def _die(steps: "count[int]", last: int) -> None:
    if next(steps) == last:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
