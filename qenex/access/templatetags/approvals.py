"""What the header of every page says of approvals."""

from typing import Any

from django import template
from django.core.handlers.asgi import ASGIRequest

from qenex.access.approvals import inbox
from qenex.access.approvals.rules import CHECK

register = template.Library()
SHOWN = 99


@register.inclusion_tag("access/approvals/header.html", takes_context=True)
def approvals_waiting(context: dict[str, Any]) -> dict[str, Any]:
    """The way to the requests, with how many wait for this person; nothing for who sees none. At most one query."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.has_perm("access.view_approval"):
        return {"allowed": False}
    checks = user.has_perm(CHECK)
    return {
        "allowed": True,
        "checks": checks,
        "count": inbox.waiting(user) if checks else 0,
        # Only there can a websocket be opened; elsewhere the page asks from time to time.
        "live": checks and isinstance(request, ASGIRequest),
    }
