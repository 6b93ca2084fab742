"""A process that approves and dies on the way: `python -m tests.access.dying POINT REQUEST CHECKER`."""

import os
import signal
import sys
from typing import Any
from uuid import UUID

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # models need Django
from django.db import connection  # noqa: E402  # see above

import tests.support.approvals  # noqa: E402  # registers its command
from qenex.access.approvals import execution, services  # noqa: E402  # see above

assert tests.support.approvals


def die(*args: Any, **kwargs: Any) -> Any:
    """Ends this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def after_deciding(*args: Any, **kwargs: Any) -> Any:
    """Marks the request, and dies before the commit."""
    _decide(*args, **kwargs)
    die()


def after_committing() -> None:
    """Dies where the commit is made and nobody has heard of it."""
    _commit()
    die()


_decide, _commit = services.decide, connection._commit  # type: ignore[attr-defined]  # Django's own


def main(point: str, approval: UUID, checker: int) -> None:
    """Approves until that point."""
    if point == "before marking":
        _instead(die)
    elif point == "before the commit":
        _instead(after_deciding)
    elif point == "after the commit":
        _instead(_armed)
    execution.approve(approval=approval, by=User.objects.get(pk=checker))


def _instead(function: Any) -> None:
    vars(execution)["decide"] = function


def _armed(*args: Any, **kwargs: Any) -> Any:
    connection._commit = after_committing  # type: ignore[attr-defined]  # Django's own
    return _decide(*args, **kwargs)


if __name__ == "__main__":
    main(sys.argv[1], UUID(sys.argv[2]), int(sys.argv[3]))
