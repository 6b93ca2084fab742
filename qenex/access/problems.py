"""Problems of people who have not yet shown who they are."""

from qenex.kernel import problems

SECOND_FACTOR_REQUIRED = problems.register(
    "second_factor_required",
    403,
    "A second factor is required",
    "The session has given a password only: open the back office and finish signing in.",
)
STEP_UP_REQUIRED = problems.register(
    "step_up_required",
    403,
    "The second factor must be shown again",
    "Confirm it is you in the back office, then repeat the request within five minutes.",
)
