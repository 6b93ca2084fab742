"""What can stand against erasing, holding and exporting."""

from qenex.access.people import PersonError


class PrivacyError(PersonError):
    """What was asked for is refused; the text is for people."""


class Held(PrivacyError):
    """A legal hold stands."""

    code = "legal_hold"


class StillKept(PrivacyError):
    """The law still wants the data kept."""

    code = "retention"


class NotReady(PrivacyError):
    """Something must be done first."""

    code = "not_ready"
