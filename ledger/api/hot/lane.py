"""Questions of one kind on the line to a posting process: those that go out next, and those that wait for answers."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
M = TypeVar("M")


class Lane(Generic[Q, A, M]):
    """Numbers the questions, and tells each asker what became of his."""

    def __init__(self, message: Callable[[Sequence[int], Sequence[Q]], M], gather: Callable[[], object]) -> None:
        """`message` is made of the numbers and the questions that go out together; `gather` sees to it that they do."""
        self._message, self._gather = message, gather
        self._waiting: dict[int, tuple[Q, asyncio.Future[A | None]]] = {}
        self._outgoing: list[int] = []
        self._count = 0

    def ask(self, question: Q) -> "asyncio.Future[A | None]":
        """What will become of it; none if nobody is left to tell."""
        self._count += 1
        future: asyncio.Future[A | None] = asyncio.get_running_loop().create_future()
        self._waiting[self._count] = (question, future)
        if not self._outgoing:
            self._gather()
        self._outgoing.append(self._count)
        return future

    def taken(self) -> M | None:
        """The message with all that has gathered; none where nothing has."""
        if not self._outgoing:
            return None
        numbers, self._outgoing = self._outgoing, []
        return self._message(numbers, [self._waiting[number][0] for number in numbers])

    def asked(self, numbers: Iterable[int]) -> list[Q]:
        """What was asked under these numbers."""
        return [self._waiting[number][0] for number in numbers]

    def tell(self, answers: Iterable[tuple[int, A | None]]) -> None:
        """Answers these."""
        for number, answer in answers:
            _, future = self._waiting.pop(number)
            if not future.done():  # somebody who has gone away waits no more
                future.set_result(answer)

    def lost(self) -> None:
        """Nobody is left to answer the others."""
        self.tell([(number, None) for number in self._waiting])
