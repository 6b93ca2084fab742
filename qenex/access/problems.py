"""Problems of people who have not yet shown who they are."""

from qenex.kernel import problems

SECOND_FACTOR_REQUIRED = problems.register(
    "second_factor_required",
    401,
    "A second factor is required",
    "A password alone is not enough: programs send `otp` too; in the back office, finish signing in.",
)
STEP_UP_REQUIRED = problems.register(
    "step_up_required",
    403,
    "The second factor must be shown again",
    "Confirm it is you in the back office, then repeat the request within five minutes.",
)
