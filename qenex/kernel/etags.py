"""ETag, If-None-Match and If-Match (RFC 9110): nobody undoes a change that they have not seen."""

from collections.abc import Callable
from typing import Any, Protocol

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from qenex.kernel import problems
from qenex.kernel.problems import Problem
from qenex.kernel.versions import Stale
from qenex.kernel.views import ContextMixin

CHANGING = ("PUT", "PATCH", "DELETE")


class Versioned(Protocol):
    """A row that counts its changes."""

    @property
    def pk(self) -> Any:
        """The row's key."""

    @property
    def version(self) -> int:
        """How often it was changed, plus one."""


def etag(pk: object, version: int) -> str:
    """The strong entity tag of a row's state."""
    return f'"{pk}.{version}"'


def expected_version(if_match: str | None, pk: object) -> int | None:
    """The version that the client read; none where it says `*`, any version.

    Raises Problem (428) without a header, and Stale where it names no version of this row.
    """
    if not if_match:
        raise Problem(problems.PRECONDITION_REQUIRED)
    tags = parse_etags(if_match)
    if tags == ["*"]:
        return None
    for tag in tags:
        row, _, version = tag.strip('"').rpartition(".")
        if tag.startswith('"') and row == str(pk) and version.isascii() and version.isdigit():
            return int(version[:18])
    raise Stale


class VersionedMixin(ContextMixin):
    """For views of one versioned row. The service compares the expected version inside its own transaction."""

    def expected_version(self, request: Request, pk: object) -> int | None:
        """What to pass to the service as `expected_version`. Raises Problem (428) or Stale (412)."""
        return expected_version(request.headers.get("If-Match"), pk)

    def tagged(self, request: Request, row: Versioned, data: Callable[[], Any], status: int = 200) -> HttpResponse:
        """The row's state with its ETag, or 304 to a GET whose client has that state; `data` is called if needed."""
        tag = etag(row.pk, row.version)
        known = [each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))]
        unchanged = request.method in ("GET", "HEAD") and (tag in known or known == ["*"])
        response = HttpResponse(status=304) if unchanged else Response(data(), status)
        response["ETag"] = tag
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response
