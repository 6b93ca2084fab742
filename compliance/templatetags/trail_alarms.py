"""What every page of the back office says while an alarm is open."""

from typing import Any

from django import template

from compliance.alarms import open_alarms

SHOWN = 20

register = template.Library()


@register.inclusion_tag("compliance/admin/banner.html", takes_context=True)
def tamper_alarms(context: dict[str, Any]) -> dict[str, Any]:
    """The open alarms, for everybody who is inside. One query, of the reader."""
    if not context.get("has_permission"):
        return {"alarms": []}
    request = context["request"]
    return {"alarms": open_alarms()[:SHOWN], "sees": request.user.has_perm("compliance.view_tamperalarm")}
