"""Second factors: setting them up, showing them, taking them away."""

from typing import Any

from qenex.access import lockout, sessions
from qenex.access.mfa.checking import check
from qenex.kernel import context

__all__ = ["check", "verify"]


def verify(user: Any, code: str) -> bool:
    """Whether this is a code of the user's authenticator app, or an unused recovery code, that may count for him.

    For programs that sign in a person: a failure counts towards the lockout of the user at the client's address, and
    while that lasts no code is looked at. A code is accepted once. Superusers outside the embedded profile have no
    codes but recovery codes, for they need a passkey.
    """
    client = lockout.Client(user.get_username(), context.current().address)
    if lockout.locked(client) is not None:
        return False
    if check(user, code, allowed=sessions.methods_of(user)) is None:
        lockout.failed(client, stage="second_factor")
        return False
    lockout.succeeded(client)
    return True
