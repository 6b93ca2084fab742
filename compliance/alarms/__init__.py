"""Alarms about the trail: raised by whoever finds something, closed by two people."""

from compliance.alarms.closing import alarm_close, proposals
from compliance.alarms.errors import AlarmClosed, AlarmError
from compliance.alarms.raising import alarm_raise, alarm_write, open_alarms

__all__ = ["AlarmClosed", "AlarmError", "alarm_close", "alarm_raise", "alarm_write", "open_alarms", "proposals"]
