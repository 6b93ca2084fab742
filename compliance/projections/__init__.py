"""The states of privacy, alarms and verifications as events tell of them, each with its projector."""

from compliance.projections.alarms import Alarms, Checks
from compliance.projections.privacy import Erasures, LegalHolds, RetentionRules

__all__ = ["Alarms", "Checks", "Erasures", "LegalHolds", "RetentionRules"]
