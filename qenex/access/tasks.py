"""What is done without anybody asking for it."""

from celery import shared_task

from qenex.access import lockout, people, sessions, tokens
from qenex.access.apikeys import nonces
from qenex.access.approvals import approvals_expire


@shared_task(name="qenex.access.tasks.approvals_expire")
def expire_approvals() -> int:
    """Ends the requests for approval whose time is over, and returns how many."""
    return approvals_expire()


@shared_task
def nonces_prune() -> int:
    """Forgets the nonces of signatures that are too old to be accepted, and returns how many."""
    return nonces.prune()


@shared_task
def tokens_prune() -> int:
    """Forgets sign-ins of programs that are over for 30 days, and returns how many."""
    return tokens.families_prune()


@shared_task
def users_deactivate_idle() -> int:
    """Deactivates users without a sign-in for 90 days, and returns how many."""
    return people.users_deactivate_idle()


@shared_task
def failures_forget() -> int:
    """Deletes failures to sign in that count no more, and returns how many."""
    return lockout.forget_old()


@shared_task(name="qenex.access.tasks.sessions_expire")
def expire_sessions() -> int:
    """Ends sessions that have passed a limit, and returns how many."""
    return sessions.sessions_expire()
