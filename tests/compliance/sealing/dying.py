"""Sealers that die on the way: `python -m tests.compliance.sealing.dying`, with a point a line; answers their ends."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # models need Django

from compliance.sealing import guard, keys, publishing, rounds, sealer  # noqa: E402  # see above
from compliance.sealing.turns import Turn  # noqa: E402  # see above

Function = Callable[..., Any]


def die(*args: Any, **kwargs: Any) -> Any:
    """Ends this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(function: Function) -> Function:
    """Does it, and dies."""

    def done(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        die()

    return done


def at_commit(act: Function) -> Function:
    """Arms the next COMMIT once something has been inserted, and goes on."""

    def armed(function: Function) -> Function:
        def run(*args: Any, **kwargs: Any) -> Any:
            connection._commit = act(connection._commit)  # type: ignore[attr-defined]  # Django's own
            return function(*args, **kwargs)

        return run

    return armed


def replaced(function: Function) -> Function:
    """Dies instead."""
    return die


POINTS: dict[str, tuple[Any, str, Callable[[Function], Function]]] = {
    "before reading": (rounds, "settled", replaced),
    "before the leaves": (Turn, "copy", replaced),
    "after the leaves": (Turn, "copy", then_die),
    "before the commit of a round": (rounds, "append", at_commit(replaced)),
    "after the commit of a round": (rounds, "append", at_commit(then_die)),
    "before signing": (publishing, "publish", replaced),
    "before the file outside": (guard, "write", replaced),
    "while the file outside is written": (os, "fsync", replaced),
    "after the file outside": (guard, "write", then_die),
    "after signing": (keys, "sign", then_die),
    "before the commit of a checkpoint": (keys, "sign", at_commit(replaced)),
    "after the commit of a checkpoint": (keys, "sign", at_commit(then_die)),
}


def seal(point: str) -> None:
    """Seals until that point."""
    place, name, change = POINTS[point]
    setattr(place, name, change(getattr(place, name)))
    sealer.Sealer().finish()


def main() -> None:
    """A process a line, for starting Python takes longer than all that it does here."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            seal(line.strip())
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
