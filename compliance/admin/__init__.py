"""The pages of compliance in the back office. Nothing but autodiscovery imports them."""

from compliance.admin import alarms, checkpoints, checks, events
from compliance.privacy import admin as privacy

__all__ = ["alarms", "checkpoints", "checks", "events", "privacy"]
