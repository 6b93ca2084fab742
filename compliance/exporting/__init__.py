"""A range of the log in files that prove themselves: what an auditor takes home (compliance/trail/bundle.py)."""

from compliance.exporting.services import Export, log_export

__all__ = ["Export", "log_export"]
