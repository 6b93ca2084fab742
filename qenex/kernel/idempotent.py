"""Idempotency keys at the edge: the view mixin, and the rules that the hot path shares with it."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from qenex.kernel import context, idempotency, problems
from qenex.kernel.idempotency import Answer, Replayed
from qenex.kernel.problems import Problem
from qenex.kernel.views import ContextMixin

T = TypeVar("T")

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def checked_key(text: str | None) -> str:
    """The key of a request. Raises Problem where it is missing or not 1 to 255 visible ASCII characters."""
    if text is None:
        raise Problem(problems.KEY_REQUIRED)
    if _KEY.fullmatch(text) is None:
        raise Problem(problems.KEY_INVALID)
    return text


def owner(by: context.Context) -> str:
    """Whose keys they are; a name may be given to another user one day, an id is not."""
    return f"user:{by.authority_id}"


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """SHA-256 of what makes a request the same request."""
    head = f"{method} {len(path)}:{path}\n".encode()
    return hashlib.sha256(head + body).digest()


class IdempotentMixin(ContextMixin):
    """For views whose POST carries out a command: the key is required, and a repeated request gets the first answer.

    An answer is kept for 30 days, in the transaction of its command. Refusals are not kept: they changed nothing.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Keeps the body's bytes for the fingerprint, before a parser reads the stream away."""
        if request.method == "POST":
            _ = request._request.body
        super().initial(request, *args, **kwargs)

    def answer_once(
        self,
        request: Request,
        command: Callable[[], T],
        data: Callable[[T], Any],
        *,
        status: int | Callable[[T], int] = 201,
    ) -> HttpResponse:
        """Runs the service behind `command` and answers its result as `data` has it, or the first answer again.

        `data` and `status` are called in the command's transaction.
        Raises Problem for a missing or bad key, KeyReused, and whatever the service raises.
        """

        answers: list[Answer] = []

        def render(result: T) -> Answer:
            code = status(result) if callable(status) else status
            answers.append(Answer(code, JSONRenderer().render(data(result))))
            return answers[-1]

        http = request._request
        asked = idempotency.Request(
            actor=owner(context.current()),
            key=checked_key(request.headers.get(HEADER)),
            fingerprint=fingerprint(http.method or "", http.path, http.body),
            render=render,
        )
        try:
            with idempotency.answering(asked):
                command()
        except Replayed as replayed:
            return _response(replayed.answer, {REPLAYED: "true"})
        if not answers:
            raise RuntimeError("the command kept no answer: a service runs in transactions.run")
        # An attempt that was rolled back has rendered too; the last one has committed.
        return _response(answers[-1], {})


def _response(answer: Answer, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(answer.body, "application/json", answer.status, headers=headers)
