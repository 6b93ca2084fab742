"""Changing only what one has seen: the version that a client read must still be the present one."""


class Stale(Exception):
    """It was changed since the client read it."""


def check(present: int, expected: int | None) -> None:
    """Compares versions inside the transaction that changes the row; None expects any. Raises Stale."""
    if expected is not None and present != expected:
        raise Stale
