"""Replay: every state that is not itself the log, built again from the log beside the live one, and compared."""

from compliance.replay.compare import Difference
from compliance.replay.run import Replay, Report, TableReport, opened, replay

__all__ = ["Difference", "Replay", "Report", "TableReport", "opened", "replay"]
