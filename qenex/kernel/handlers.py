"""Where exceptions become answers: those of API views, and those that Django meets before or outside of them."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotFound
from django.shortcuts import render
from django.views import defaults
from rest_framework import exceptions
from rest_framework.settings import api_settings

from qenex.kernel import context, problems
from qenex.kernel.idempotency import KeyReused
from qenex.kernel.problems import Fault, Kind, Problem, pointer
from qenex.kernel.transactions import Busy
from qenex.kernel.versions import Stale

API = "/api/"
BUSY_SECONDS = "1"
"""When to try again what found the database busy."""
_KINDS: dict[type[Exception], Kind] = {
    exceptions.ParseError: problems.MALFORMED,
    exceptions.AuthenticationFailed: problems.AUTHENTICATION_FAILED,
    exceptions.NotAuthenticated: problems.NOT_AUTHENTICATED,
    exceptions.PermissionDenied: problems.PERMISSION_DENIED,
    exceptions.NotFound: problems.NOT_FOUND,
    exceptions.MethodNotAllowed: problems.METHOD_NOT_ALLOWED,
    exceptions.NotAcceptable: problems.NOT_ACCEPTABLE,
    exceptions.UnsupportedMediaType: problems.UNSUPPORTED_MEDIA_TYPE,
    exceptions.Throttled: problems.THROTTLED,
}

problems.translate(Busy, lambda error: Problem(problems.BUSY, headers={"Retry-After": BUSY_SECONDS}))
problems.translate(KeyReused, lambda error: Problem(problems.KEY_REUSED))
problems.translate(Stale, lambda error: Problem(problems.PRECONDITION_FAILED))
problems.translate(Http404, lambda error: Problem(problems.NOT_FOUND))
problems.translate(PermissionDenied, lambda error: Problem(problems.PERMISSION_DENIED))
problems.translate(RequestDataTooBig, lambda error: Problem(problems.TOO_LARGE))
problems.translate(SuspiciousOperation, lambda error: Problem(problems.BAD_REQUEST))
problems.translate(exceptions.APIException, lambda error: _of_api_exception(error))


def exception_handler(error: Exception, circumstances: dict[str, Any]) -> HttpResponse | None:
    """The answer to an exception in an API view; none for a defect, which goes on to `server_error`."""
    if isinstance(error, exceptions.ValidationError):
        request = circumstances.get("request")
        return respond(invalid(error, parameters=request is not None and request.method in ("GET", "HEAD")))
    problem = problems.of(error)
    return None if problem is None else respond(problem)


def respond(problem: Problem) -> HttpResponse:
    """The problem as Django's answer."""
    body = problem.body(context.current().request_id)
    answer = HttpResponse(body, problems.CONTENT_TYPE, problem.kind.status, headers=dict(problem.headers))
    answer.problem_code = problem.kind.code  # type: ignore[attr-defined]  # ours: for who counts refusals
    return answer


def invalid(error: exceptions.ValidationError, *, parameters: bool = False) -> Problem:
    """Every message of a serializer, each with a pointer into the body, or with the name of a query parameter."""
    return Problem(problems.INVALID, faults=list(_faults(error.detail, (), parameters)))


def _faults(detail: Any, path: tuple[str, ...], parameters: bool) -> Iterator[Fault]:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            below = path if key == api_settings.NON_FIELD_ERRORS_KEY else (*path, str(key))
            yield from _faults(inner, below, parameters)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            below = (*path, str(index)) if isinstance(inner, dict | list) else path
            yield from _faults(inner, below, parameters)
    else:
        where = {"parameter": ".".join(path)} if parameters else {"pointer": pointer(path)}
        yield Fault(getattr(detail, "code", "invalid"), str(detail), **where)


def _of_api_exception(error: exceptions.APIException) -> Problem:
    kind = next((_KINDS[base] for base in type(error).__mro__ if base in _KINDS), None)
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if kind is None:
        kind = problems.SERVER_ERROR if error.status_code >= 500 else problems.BAD_REQUEST
    return Problem(kind, str(error.detail), headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400."""
    if request.path.startswith(API):
        return respond(problems.of(exception) or Problem(problems.BAD_REQUEST))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler403."""
    if request.path.startswith(API):
        return respond(Problem(problems.PERMISSION_DENIED))
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None, **kwargs: Any) -> HttpResponseBase:
    """Django's handler404, and the view of every address under /api/ that is no route."""
    if request.path.startswith(API):
        return respond(Problem(problems.NOT_FOUND))
    return defaults.page_not_found(request, exception or Http404())


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500; the exception has been logged by then."""
    if request.path.startswith(API):
        return respond(Problem(problems.SERVER_ERROR))
    return defaults.server_error(request)


def busy(request: HttpRequest) -> HttpResponse:
    """A page instead of what could not be done."""
    answer = render(request, "kernel/busy.html", status=503)
    answer["Retry-After"] = BUSY_SECONDS
    return answer


def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """The page at a problem's `type`."""
    kind = problems.find(code)
    shown = problems.kinds() if kind is None else [kind]
    answer = render(request, "kernel/problems.html", {"kinds": shown, "all": kind is None})
    return answer if kind else HttpResponseNotFound(answer.content)


def problem_pages(request: HttpRequest) -> HttpResponse:
    """All problems on one page."""
    return render(request, "kernel/problems.html", {"kinds": problems.kinds(), "all": True})
