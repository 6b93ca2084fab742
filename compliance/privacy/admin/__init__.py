"""The pages of privacy: legal holds, retention rules, erasures, exports, and personal data of events."""

from compliance.privacy.admin import erasures, holds, rules

__all__ = ["erasures", "holds", "rules"]
