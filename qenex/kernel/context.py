"""Who is acting, from where, how they proved it, and why: carried beside every command into its event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from qenex.kernel.ids import uuid7

ANONYMOUS = "anonymous"
"""The name and the method of whoever has not proved anything yet."""


class Principal(NamedTuple):
    """Somebody for whom another acts."""

    id: int | None
    """The primary key of the user."""
    name: str


class Context(msgspec.Struct, frozen=True):
    """The circumstances of one command. One is made for every request: hence the Struct, which costs a fraction."""

    actor_id: int | None = None
    """The primary key of the user who acts, none for the system itself."""
    actor: str = "system"
    address: str | None = None
    """The client's network address."""
    method: str = "internal"
    """How the actor was authenticated: session, jwt, api-key, command, task, internal."""
    request_id: str | None = None
    reason: str = ""
    on_behalf_of: Principal | None = None
    """For whom: who asked for what the actor approved, or the user whom a command of an operator is about."""
    key_id: str | None = None
    """What the actor was known by: the id of an API key, of a sign-in with its tokens, or of a session."""
    memory: dict[int, Any] = msgspec.field(default_factory=dict)
    """What was looked up for this request, by the id of whose rights count; see `qenex.kernel.scope`."""

    @property
    def authority_id(self) -> int | None:
        """The user whose rights, limits and books count: whoever acts for somebody has that person's and no others.

        The system itself and an operator at a shell act with their own, for whomever they do.
        """
        if self.actor_id is None or self.on_behalf_of is None:
            return self.actor_id
        return self.on_behalf_of.id


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


def command(name: str, *, reason: str = "", on_behalf_of: Principal | None = None) -> Context:
    """The circumstances of a management command: an operator at a shell, under an id of its own for this run."""
    return Context(actor=name, method="command", request_id=str(uuid7()), reason=reason, on_behalf_of=on_behalf_of)


def task(name: str) -> Context:
    """The circumstances of a task that runs by the clock, under an id of its own for this run."""
    return Context(actor=name, method="task", request_id=str(uuid7()))
