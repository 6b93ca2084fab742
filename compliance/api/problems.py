"""The problems of asking for proofs."""

from compliance.errors import NoCheckpoint, NotSealed, OutOfTree
from qenex.kernel import problems
from qenex.kernel.problems import Problem

RETRY_SECONDS = 1
NOT_SEALED = problems.register(
    "not_sealed",
    409,
    "No signed checkpoint covers it yet",
    "What was recorded is covered within a second; ask again after Retry-After.",
)
OUT_OF_TREE = problems.register(
    "out_of_tree",
    404,
    "The log has no such place",
    "Sizes and positions are those of the newest checkpoint or smaller; tiles are named as C2SP tlog-tiles does.",
)

_LATER = {"Retry-After": str(RETRY_SECONDS)}

problems.translate(NotSealed, lambda _: Problem(NOT_SEALED, headers=_LATER))
problems.translate(NoCheckpoint, lambda _: Problem(NOT_SEALED, headers=_LATER))
problems.translate(OutOfTree, lambda _: Problem(OUT_OF_TREE))
