"""Reading what may be out of order, where somebody else will say why."""

import logging
from collections.abc import Callable
from typing import TypeVar

from ledger.errors import LedgerError
from qenex.kernel.problems import Problem

T = TypeVar("T")
logger = logging.getLogger(__name__)


def attempt(read: Callable[[], T]) -> T | None:
    """What was read; none where it is not in order. A defect of ours is logged: it must not end who serves others."""
    try:
        return read()
    except (Problem, LedgerError):
        return None
    except Exception:
        logger.exception("a request's body cannot be read")
        return None
