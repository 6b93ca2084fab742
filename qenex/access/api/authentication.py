"""How programs show who they are; each class names the method that events will have."""

from qenex.access.api.bearer import TokenAuthentication
from qenex.access.api.sessions import SessionAuthentication
from qenex.access.api.signed import SignatureAuthentication

__all__ = ["SessionAuthentication", "SignatureAuthentication", "TokenAuthentication"]
