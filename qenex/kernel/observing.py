"""Events of what changes nothing: reading the log, reading personal data, downloads, and refusals.

They are written when the answer is ready, each in a transaction of its own. Where that cannot be done, as on a standby
that is read only, the answer goes out all the same and the application's log says what is missing from the other one.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from msgspec.structs import replace

from qenex.kernel import context, events, refusals
from qenex.kernel.context import Context, acting
from qenex.kernel.personal import person

EXPORTED = "kernel.data.exported"
_DOWNLOADS = ("text/csv", "application/gzip", "application/x-tar", "application/zip")
_FILTER_LENGTH = 1_000
logger = logging.getLogger(__name__)


class Read(NamedTuple):
    """What somebody reads at an address."""

    type: str
    """Of the event."""
    subject: str
    """The type of what is read."""


Reads = Mapping[str, Read]
"""The name of a route → what is read there."""


class ObservingMiddleware:
    """Records what was read, downloaded or refused. Whatever else a request does, its services record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request, and records it as whoever it turned out to be."""
        response = self.get_response(request)
        if response.status_code in refusals.STATUSES or response.status_code == 200:
            with acting(getattr(request, "acted_as", context.current())):
                _observe(request, response)
        return response


def _observe(request: HttpRequest, response: HttpResponse) -> None:
    if response.status_code in refusals.STATUSES:
        code = getattr(response, "problem_code", "")
        refusals.refused(refusals.Kind(response.status_code, code, request.method or "", route(request)), write)
        return
    if request.method == "GET":
        read = read_at(request)
        if read is not None:
            _tell(request, read.type, read.subject)
        if is_download(response):
            _tell(request, EXPORTED, "download")


def route(request: HttpRequest) -> str:
    """The name of the request's route; its parameters are nobody's business."""
    match = request.resolver_match
    return "" if match is None else match.view_name or match.route


def read_at(request: HttpRequest) -> Read | None:
    """What a GET of this route reads that is worth an event."""
    table: Reads = import_string(settings.OBSERVED_READS)
    return table.get(route(request))


def is_download(response: HttpResponse) -> bool:
    """Whether the answer is a file to keep."""
    kept: str = response.get("Content-Disposition", "")
    kind: str = response.get("Content-Type", "")
    return kept.startswith("attachment") or kind.partition(";")[0] in _DOWNLOADS


def _tell(request: HttpRequest, type: str, subject: str) -> None:
    match = request.resolver_match
    ids = [str(value) for value in match.kwargs.values()] if match else []
    data = {"route": route(request), "path": request.path}
    observed(type, subject_type=subject, subject_id=ids[0] if ids else "", data=data, asked=_asked(request))


def _asked(request: HttpRequest) -> Mapping[str, list[str]]:
    return {name: [each[:_FILTER_LENGTH] for each in request.GET.getlist(name)] for name in request.GET}


def observed(
    type: str, *, subject_type: str, subject_id: str, data: Mapping[str, Any], asked: Mapping[str, Any] | None = None
) -> None:
    """Writes the event of something that changed nothing; `asked` is what was looked for, which is sealed: it may be
    somebody's name."""
    drafted = {"type": type, "subject_type": subject_type, "subject_id": subject_id[:64], "data": data}
    if asked:
        whose = person(context.current().actor_id)
        drafted |= {"data": {**data, "filter": None}, "whose": whose, "traces": {"data.filter": asked}}
    write(drafted)


def write(drafted: Mapping[str, Any], by: Context | None = None) -> None:
    """Writes an event in a transaction of its own. Never raises for what the database refuses."""
    with acting(replace(by or context.current())):
        try:
            with transaction.atomic(savepoint=False) if connection.in_atomic_block else transaction.atomic():
                events.emit(**drafted)
        except Error as error:
            logger.warning("an event %s was not written: %s", drafted["type"], str(error).splitlines()[0])
