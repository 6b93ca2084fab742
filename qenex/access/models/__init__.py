"""What is known of people and programs."""

from qenex.access.models.scopes import BookScope
from qenex.access.models.session import Ended, Method, StaffSession

__all__ = ["BookScope", "Ended", "Method", "StaffSession"]
