"""Settings of a server that does not wait long for a body, so that a test need not either."""

from qenex.settings import *  # noqa: F403  # all of them, but one

BODY_SECONDS = 1
