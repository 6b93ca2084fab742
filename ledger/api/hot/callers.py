"""Who asks, as it crosses between processes."""

from qenex.kernel.context import Context

Caller = tuple[int, str, str | None, str, str]
"""Who asks: his id, name and address, how he was known, and by which key."""


def circumstances(caller: Caller, request_id: str) -> Context:
    """Under which a caller's transfers are posted."""
    actor_id, actor, address, method, key_id = caller
    return Context(actor_id=actor_id, actor=actor, address=address, method=method, request_id=request_id, key_id=key_id)
