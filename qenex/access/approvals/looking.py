"""What a request would do now, for whoever is about to decide."""

import json
from typing import Any, NamedTuple

from qenex.access.approvals import payload as payloads
from qenex.access.approvals import registry
from qenex.access.approvals.execution import on_behalf_of, why
from qenex.access.approvals.rules import executing
from qenex.access.models import Approval, ApprovalStatus
from qenex.kernel import canonical
from qenex.kernel.context import acting


class Now(NamedTuple):
    """What it would do now."""

    difference: dict[str, Any] | None
    refusal: str | None
    """Why it would not be carried out now."""
    changed: bool
    """Whether it would do something else than what it would have done when it was requested."""


def look(approval: Approval) -> Now | None:
    """The present difference; none once it was decided."""
    if approval.status != ApprovalStatus.PENDING:
        return None
    kind = registry.find(approval.command)
    try:
        with acting(on_behalf_of(approval)), executing(bytes(approval.payload_hash)):
            document = kind.describe(payloads.decode(approval.payload)).document()
    except Exception as error:
        refusal = why(kind, error)
        if refusal is None:
            raise
        return Now(None, refusal[1], True)
    present = canonical.encode(document)
    return Now(json.loads(present), None, present != bytes(approval.difference))
