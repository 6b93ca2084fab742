"""Problem details (RFC 9457): every error of the API has one shape and a stable code.

An app registers the codes of its own errors here, and says which of its exceptions become which problem.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

CONTENT_TYPE = "application/problem+json"
PAGES = "/api/v1/problems/"
"""Where each code has a page that explains it: the `type` of a problem."""

E = TypeVar("E", bound=Exception)


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of problem; neither its code nor its meaning ever changes."""

    code: str
    status: int
    title: str
    help: str
    """What happened and what the client can do about it."""

    @property
    def type(self) -> str:
        """The URI of its page."""
        return PAGES + self.code


@dataclass(frozen=True, slots=True)
class Fault:
    """One of the mistakes in a request: in its body (a JSON pointer as a URI fragment) or in a named parameter."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def document(self) -> dict[str, str]:
        """The members of the answer."""
        where = {"parameter": self.parameter} if self.pointer is None else {"pointer": self.pointer}
        return {**{key: value for key, value in where.items() if value}, "code": self.code, "detail": self.detail}


def pointer(path: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901) in its form of a URI fragment."""
    return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


class Problem(Exception):
    """An error that is answered to the client as it is."""

    def __init__(
        self, kind: Kind, detail: str = "", *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.headers = headers or {}

    def document(self, request_id: str | None) -> dict[str, Any]:
        """The members of the answer; the request's id makes the occurrence findable in logs and events."""
        members: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail or self.kind.help,
            "code": self.kind.code,
        }
        if request_id:
            members["instance"] = f"urn:qenex:request:{request_id}"
        if self.faults:
            members["errors"] = [fault.document() for fault in self.faults]
        return members

    def body(self, request_id: str | None) -> bytes:
        """The bytes of the answer."""
        return json.dumps(self.document(request_id), ensure_ascii=False, separators=(",", ":")).encode()


_kinds: dict[str, Kind] = {}
_translations: dict[type[Exception], Callable[[Any], Problem]] = {}


def register(code: str, status: int, title: str, help: str) -> Kind:
    """Makes a code known. Raises ValueError where it is taken."""
    if code in _kinds:
        raise ValueError(f"the problem code {code} is registered already")
    kind = _kinds[code] = Kind(code, status, title, help)
    return kind


def kinds() -> list[Kind]:
    """Every registered kind, by code."""
    return [_kinds[code] for code in sorted(_kinds)]


def find(code: str) -> Kind | None:
    """The kind of this code, if there is one."""
    return _kinds.get(code)


def translate(exception: type[E], into: Callable[[E], Problem]) -> None:
    """Says which problem an exception, and those derived from it, is for the client."""
    _translations[exception] = into


def of(error: Exception) -> Problem | None:
    """The problem that an exception is, or none where it is a defect of ours.

    `qenex.kernel.handlers` registers the kernel's translations when it is imported.
    """
    if isinstance(error, Problem):
        return error
    for base in type(error).__mro__:
        if base in _translations:
            return _translations[base](error)
    return None


INVALID = register(
    "invalid", 400, "The request is not valid", "One or more values are not acceptable; `errors` names each of them."
)
MALFORMED = register("malformed", 400, "The body cannot be read", "The body must be UTF-8 JSON without duplicate keys.")
BAD_REQUEST = register("bad_request", 400, "The request cannot be served", "The request breaks a rule of HTTP.")
CURSOR_INVALID = register(
    "cursor_invalid", 400, "The cursor is not one of ours", "Follow `next` and `previous` as they were answered."
)
KEY_REQUIRED = register(
    "idempotency_key_required",
    400,
    "An Idempotency-Key is required",
    "Send an Idempotency-Key header with a value of your own that is unique to this operation, such as a UUID.",
)
KEY_INVALID = register(
    "idempotency_key_invalid", 400, "The Idempotency-Key is not valid", "It must be 1 to 255 visible ASCII characters."
)
NOT_AUTHENTICATED = register(
    "not_authenticated", 401, "Who are you?", "Send an access token in the Authorization header, or sign in."
)
AUTHENTICATION_FAILED = register(
    "authentication_failed", 401, "The credentials are not valid", "They are wrong, or no longer count: sign in again."
)
TLS_REQUIRED = register(
    "tls_required",
    403,
    "Nothing is served in clear",
    "Use https. What was sent has crossed the network in clear: replace the secrets that were in it.",
)
PERMISSION_DENIED = register(
    "permission_denied", 403, "You may not do this", "Your roles do not include the permission that the route needs."
)
NOT_FOUND = register("not_found", 404, "There is no such thing", "Nothing is at this address, or you may not see it.")
METHOD_NOT_ALLOWED = register(
    "method_not_allowed", 405, "The method is not allowed here", "The Allow header names the methods of the route."
)
NOT_ACCEPTABLE = register("not_acceptable", 406, "No acceptable media type", "Answers are application/json.")
TOO_SLOW = register(
    "too_slow", 408, "The request took too long to arrive", "Nothing was done; send the whole body at once."
)
PRECONDITION_FAILED = register(
    "precondition_failed",
    412,
    "It was changed meanwhile",
    "The If-Match header names another version than the present one: read it again and repeat your change.",
)
TOO_LARGE = register("too_large", 413, "The body is too large", "Send less in one request.")
UNSUPPORTED_MEDIA_TYPE = register(
    "unsupported_media_type", 415, "The media type is not supported", "Send application/json in UTF-8."
)
KEY_REUSED = register(
    "idempotency_key_reused",
    422,
    "The Idempotency-Key was used for another request",
    "Repeat a request exactly, or use a new key.",
)
PRECONDITION_REQUIRED = register(
    "precondition_required",
    428,
    "An If-Match header is required",
    "Send the ETag that you were answered, so that you do not undo a change that you have not seen.",
)
THROTTLED = register("throttled", 429, "Too many requests", "Wait as long as the Retry-After header says.")
SERVER_ERROR = register(
    "server_error", 500, "The server failed", "It is our fault and has been logged; repeat with the same key."
)
BUSY = register(
    "busy", 503, "The book is busy", "Nothing was done; repeat with the same key after the time in Retry-After."
)
