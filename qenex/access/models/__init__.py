"""What is known of people, programs and approvals."""

from qenex.access.models.apikeys import ApiKey, ApiKeySecret, KeyOwner, Nonce
from qenex.access.models.approvals import Approval, ApprovalPolicy, ApprovalStatus
from qenex.access.models.scopes import BookScope
from qenex.access.models.session import Ended, Method, StaffSession
from qenex.access.models.tokens import TokenFamily

__all__ = [
    "ApiKey",
    "ApiKeySecret",
    "Approval",
    "ApprovalPolicy",
    "ApprovalStatus",
    "BookScope",
    "Ended",
    "KeyOwner",
    "Method",
    "Nonce",
    "StaffSession",
    "TokenFamily",
]
