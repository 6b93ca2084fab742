"""Commands that take a second person: instead of being carried out they are asked for, and the answer is 202."""

import json
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from qenex.access import approvals
from qenex.access.api.approvalserializers import ApprovalSerializer
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import Approval
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.views import ContextMixin

ACCEPTED = OpenApiResponse(
    ApprovalSerializer, "A policy asks for a second person: nothing was done yet. `Location` is the request's address."
)


class AskingMixin(ContextMixin):
    """For views whose service may raise ApprovalRequired; comes before all other bases."""

    def handle_exception(self, exc: Exception) -> Response:
        """Asks for the approval, and answers it; whatever else is wrong is answered as always."""
        if isinstance(exc, ApprovalRequired):
            try:
                return self._ask(exc)  # type: ignore[return-value]  # Django's answers will do as well
            except Exception as error:  # noqa: BLE001  # it is answered like any other
                exc = error
        return super().handle_exception(exc)

    def _ask(self, needed: ApprovalRequired) -> HttpResponse:
        def ask() -> Approval:
            return approvals.request(
                command=needed.command,
                payload=needed.payload,
                reason=needed.reason,
                book=needed.book,
                key=needed.key,
            )

        if isinstance(self, IdempotentMixin):
            return self.answer_once(self.request, ask, shown, status=202)
        return HttpResponse(JSONRenderer().render(shown(ask())), "application/json", 202)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Says where the request is, of an answer that is given again as well."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if final.status_code == 202:
            final["Location"] = reverse("api-approval", args=[json.loads(final.content)["id"]])
        return final


def shown(approval: Approval) -> dict[str, Any]:
    """A request as it is answered."""
    return ApprovalSerializer(approval).data
