"""The client processes, as the parent sees them."""

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from bench.errors import BenchError
from bench.worker import Answer, Failed, Go, Ready, Request, serve
from bench.works.base import Outcome, Work

PATIENCE_SECONDS = 3600


class Crew:
    """As many client processes as were ever needed at once; they live until the end of the block."""

    def __init__(self) -> None:
        # A forked process would share the parent's sockets and threads.
        self._context = multiprocessing.get_context("spawn")
        self._members: list[tuple[multiprocessing.process.BaseProcess, Connection[Request, Answer]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _, pipe in self._members:
            pipe.close()
        for process, _ in self._members:
            process.join(3)
            process.kill()

    def run(self, works: Sequence[Work]) -> list[Outcome]:
        """Each work in a process of its own, begun together when all are ready. Raises BenchError."""
        try:
            return self._together(works)
        except BenchError:
            self.dismiss()  # the others wait for a signal that will not come
            raise

    def _together(self, works: Sequence[Work]) -> list[Outcome]:
        while len(self._members) < len(works):
            self._hire()
        pipes = [pipe for _, pipe in self._members[: len(works)]]
        for pipe, work in zip(pipes, works, strict=True):
            pipe.send(work)
        for pipe in pipes:
            _receive(pipe)
        for pipe in pipes:
            pipe.send(Go())
        outcomes = [_receive(pipe) for pipe in pipes]
        return [outcome for outcome in outcomes if isinstance(outcome, Outcome)]

    def dismiss(self) -> None:
        """Ends the processes; the next work has new ones. Nobody is connected to a database then."""
        self.__exit__(None, None, None)
        self._members.clear()

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._members.append((process, ours))


def _receive(pipe: "Connection[Request, Answer]") -> Ready | Outcome:
    if not pipe.poll(PATIENCE_SECONDS):
        raise BenchError("a client process does not answer")
    try:
        answer = pipe.recv()
    except EOFError:
        raise BenchError("a client process has died") from None
    if isinstance(answer, Failed):
        raise BenchError(f"a client failed: {answer.how}")
    return answer
