"""What is known of people and programs."""

from qenex.access.models.scopes import BookScope

__all__ = ["BookScope"]
