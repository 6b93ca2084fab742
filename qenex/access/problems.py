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
LOCKED_OUT = problems.register(
    "locked_out",
    429,
    "Too many failures",
    "After ten failures nobody signs in from here for a while; wait as long as the Retry-After header says.",
)
TOO_MANY_SIGN_INS = problems.register(
    "too_many_sign_ins", 503, "Too many people are signing in", "Wait as long as the Retry-After header says."
)
