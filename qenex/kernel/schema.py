"""The OpenAPI document: what every operation has is added here, so that no view repeats it."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from qenex.kernel import problems
from qenex.kernel.etags import CHANGING, VersionedMixin
from qenex.kernel.idempotent import HEADER, IdempotentMixin

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details as RFC 9457 has them.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A page that explains the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference", "description": "The request, as logs name it."},
        "code": {"type": "string", "description": "Stable: programs decide by it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body, as a URI fragment."},
                    "parameter": {"type": "string", "description": "The query parameter."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class Schema(AutoSchema):
    """Names the headers that the mixins of a view read."""

    def get_override_parameters(self) -> list[Any]:
        """The header parameters of the operation."""
        parameters = list(super().get_override_parameters())
        if isinstance(self.view, IdempotentMixin) and self.method == "POST":
            parameters.append(_header(HEADER, "Yours to choose: a repeated request gets the first answer again.", True))
        if isinstance(self.view, VersionedMixin) and self.method in CHANGING:
            parameters.append(_header("If-Match", "The ETag of the state that you are changing.", True))
        if isinstance(self.view, VersionedMixin) and self.method == "GET":
            parameters.append(_header("If-None-Match", "The ETag of the state that you have.", False))
        return parameters


def _header(name: str, description: str, required: bool) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, "header", required=required, description=description)


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Post-processing hook: the problem schema, and the problem answers of every operation."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path in result["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            for status, title in _statuses(operation).items():
                responses.setdefault(status, _problem(title))
    return result


def _statuses(operation: dict[str, Any]) -> dict[str, str]:
    names = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
    statuses = {"400": "The request is not valid."}
    if operation.get("security"):
        statuses |= {"401": "Not authenticated.", "403": "Not permitted."}
    if any(where == "path" for where, _ in names):
        statuses["404"] = "Not found."
    if ("header", "If-None-Match") in names:
        statuses["304"] = "Not modified."
    if ("header", "If-Match") in names:
        statuses |= {"412": problems.PRECONDITION_FAILED.title, "428": problems.PRECONDITION_REQUIRED.title}
    if "requestBody" in operation:
        statuses |= {"413": problems.TOO_LARGE.title, "415": problems.UNSUPPORTED_MEDIA_TYPE.title}
    if ("header", HEADER) in names:
        statuses |= {"422": "Refused, or the key was used for another request.", "503": problems.BUSY.title}
    return statuses | {"default": "Any other problem."}


def _problem(title: str) -> dict[str, Any]:
    if title == "Not modified.":
        return {"description": title}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {problems.CONTENT_TYPE: {"schema": schema}}}
