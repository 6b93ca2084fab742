"""What is known of people, programs and approvals."""

from qenex.access.models.apikeys import ApiKey, ApiKeySecret, KeyOwner, Nonce
from qenex.access.models.approvals import Approval, ApprovalPolicy, ApprovalStatus
from qenex.access.models.factors import Algorithm, AuthenticatorApp, Passkey, PasskeyAttestation, RecoveryCode
from qenex.access.models.lockouts import Failures
from qenex.access.models.person import FormerPassword, Person
from qenex.access.models.scopes import BookScope
from qenex.access.models.session import Ended, Method, StaffSession
from qenex.access.models.tokens import TokenFamily

__all__ = [
    "Algorithm",
    "ApiKey",
    "ApiKeySecret",
    "Approval",
    "ApprovalPolicy",
    "ApprovalStatus",
    "AuthenticatorApp",
    "BookScope",
    "Ended",
    "Failures",
    "FormerPassword",
    "KeyOwner",
    "Method",
    "Nonce",
    "Passkey",
    "PasskeyAttestation",
    "Person",
    "RecoveryCode",
    "StaffSession",
    "TokenFamily",
]
