"""The pages of compliance in the back office."""

from compliance.privacy import admin as privacy

__all__ = ["privacy"]
