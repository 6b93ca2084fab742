"""What the header of every page says of one's own keys."""

from typing import Any

from django import template

from qenex.access.models import ApiKey

register = template.Library()


@register.inclusion_tag("access/security_link.html", takes_context=True)
def security_link(context: dict[str, Any]) -> dict[str, Any]:
    """The way to one's security, with how many secrets of API keys one has yet to collect. One query, of the reader."""
    if not context.get("has_permission"):
        return {"count": 0}
    due = ApiKey.objects.using("reader").filter(owner_id=context["request"].user.pk, secret_due_at__isnull=False)
    return {"count": len(due.values_list("pk"))}
