"""Where a form's command takes a second person: it is asked for, and the person lands on the request."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from qenex.access import approvals
from qenex.access.approvals import ApprovalRequired


def ask(request: HttpRequest, needed: ApprovalRequired, *, reason: str = "") -> HttpResponse:
    """Asks for the approval and leads to the request. Raises as `approvals.request`."""
    approval = approvals.request(
        command=needed.command,
        payload=needed.payload,
        reason=reason or needed.reason,
        book=needed.book,
        key=needed.key,
    )
    messages.info(request, _("Nothing was done yet: a second person must approve it. The request was sent."))
    return redirect(reverse("admin:access_approval_change", args=[approval.pk]))
