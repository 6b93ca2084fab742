"""The answer to a request, as it is sent."""

import logging

import msgspec

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
    def of_failure(cls, failure: Exception, request_id: str) -> "Answered":
        """The problem behind an exception; a defect of ours is logged."""
        problem = problems.of(failure)
        if problem is None:
            logger.error("the fast path failed", exc_info=failure)
            problem = Problem(problems.SERVER_ERROR)
        return cls(problem.kind.status, problems.CONTENT_TYPE, problem.body(request_id), dict(problem.headers))
