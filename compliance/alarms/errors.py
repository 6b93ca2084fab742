"""What can stand against closing an alarm."""


class AlarmError(Exception):
    """Nothing was changed."""

    code = "invalid"


class AlarmClosed(AlarmError):
    """Two people were faster."""

    code = "alarm_closed"

    def __init__(self) -> None:
        super().__init__("The alarm is closed.")
