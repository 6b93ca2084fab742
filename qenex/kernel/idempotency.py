"""A client's key makes a repeated request harmless: the answer is stored in the transaction of the command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from qenex.kernel import clock
from qenex.kernel.models import IdempotencyKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was or is sent back to the client."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """The request that the present command answers."""

    actor: str
    key: str
    fingerprint: bytes
    render: Callable[[Any], Answer]
    """Makes the answer of what the command returned, inside its transaction."""


class Replayed(Exception):
    """The key was used before with the same request; here is the first answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


class KeyReused(Exception):
    """The key was used before with another request."""


_current: ContextVar[Request | None] = ContextVar("idempotent_request", default=None)


@contextmanager
def answering(request: Request) -> Iterator[None]:
    """Lets the one command that runs in the block answer this request."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)


def awaited() -> bool:
    """Whether an answer is to be stored beside what the present command writes."""
    return _current.get() is not None


def once(command: Callable[[], T]) -> T:
    """Runs the command in the open transaction unless its request was answered before.

    Raises Replayed with the first answer, or KeyReused where the request was another.
    """
    request = _current.get()
    if request is None:
        return command()
    known = IdempotencyKey.objects.filter(actor=request.actor, key=request.key).first()
    if known is not None:
        if bytes(known.fingerprint) != request.fingerprint:
            raise KeyReused
        raise Replayed(Answer(known.status, bytes(known.body)))
    result = command()
    answer = request.render(result)
    IdempotencyKey.objects.create(
        actor=request.actor,
        key=request.key,
        fingerprint=request.fingerprint,
        status=answer.status,
        body=answer.body,
        created_at=clock.now(),
    )
    return result
