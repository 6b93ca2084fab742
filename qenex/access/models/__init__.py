"""What is known of people, programs and approvals."""

from qenex.access.models.approvals import Approval, ApprovalPolicy, ApprovalStatus
from qenex.access.models.scopes import BookScope
from qenex.access.models.session import Ended, Method, StaffSession
from qenex.access.models.tokens import TokenFamily

__all__ = [
    "Approval",
    "ApprovalPolicy",
    "ApprovalStatus",
    "BookScope",
    "Ended",
    "Method",
    "StaffSession",
    "TokenFamily",
]
