"""Who is acting, from where, how they proved it, and why: carried beside every command into its event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

ANONYMOUS = "anonymous"
"""The name and the method of whoever has not proved anything yet."""


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one command."""

    actor_id: int | None = None
    """The primary key of the user, none for the system itself."""
    actor: str = "system"
    address: str | None = None
    """The client's network address."""
    method: str = "internal"
    """How the actor was authenticated: session, jwt, api-key, command, task, internal."""
    request_id: str | None = None
    reason: str = ""
    memory: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was looked up for this request, by the actor's id; see `qenex.kernel.scope`."""


SYSTEM = Context()
_current: ContextVar[Context] = ContextVar("command_context", default=SYSTEM)


def current() -> Context:
    """The circumstances of the command that is being carried out."""
    return _current.get()


@contextmanager
def acting(context: Context) -> Iterator[Context]:
    """Runs the block under these circumstances."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def become(context: Context) -> None:
    """Changes the circumstances for the rest of the enclosing `acting` block: whoever authenticates calls it."""
    _current.set(context)


@contextmanager
def because(reason: str) -> Iterator[Context]:
    """Runs the block under the present circumstances, with a reason."""
    with acting(replace(current(), reason=reason)) as context:
        yield context
