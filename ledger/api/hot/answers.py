"""The answer to a request, as it is sent."""

import logging
from collections.abc import Callable

import msgspec

from ledger.api import wire
from qenex.kernel import problems
from qenex.kernel.problems import Problem

logger = logging.getLogger(__name__)


class Answered(msgspec.Struct, gc=False):
    """Status, body and headers."""

    status: int
    media_type: str
    body: bytes
    headers: dict[str, str] = {}

    @classmethod
    def of(cls, answer: Callable[[], wire.Answer], request_id: str) -> "Answered":
        """What is answered, or the problem because of which that cannot be: the client always gets an answer."""
        try:
            made = answer()
        except Exception as failure:  # noqa: BLE001  # whatever it is, the client is told
            return cls.of_failure(failure, request_id)
        return cls(made.status, wire.JSON, made.body, dict(made.headers))

    @classmethod
    def of_failure(cls, failure: Exception, request_id: str) -> "Answered":
        """The problem behind an exception; a defect of ours is logged."""
        problem = problems.of(failure)
        if problem is None:
            logger.error("the fast path failed", exc_info=failure)
            problem = Problem(problems.SERVER_ERROR)
        return cls(problem.kind.status, problems.CONTENT_TYPE, problem.body(request_id), dict(problem.headers))
