"""Verifying the trail by a button or by the clock: one at a time, with progress, and an alarm where it differs."""

from compliance.checking.services import check_fail, check_request, check_run

__all__ = ["check_fail", "check_request", "check_run"]
