"""Where the log itself and personal data are read (`OBSERVED_READS`): each such page or answer leaves an event."""

from qenex.kernel.observing import Read, Reads

TRAIL = Read("kernel.events.read", "event")
PERSONAL = "access.personal_data.read"
_MODELS = {
    "auth_user": "user",
    "access_staffsession": "session",
    "access_tokenfamily": "token_family",
    "access_failures": "lockout",
    "access_apikey": "apikey",
}
"""Admin pages with names, addresses of mail, or the addresses from which somebody came; one's own page is not one."""

OBSERVED: Reads = {
    "api-events": TRAIL,
    "api-event": TRAIL,
    "api-event-receipt": TRAIL,
    "admin:kernel_event_changelist": TRAIL,
    "admin:kernel_event_change": TRAIL,
    **{
        f"admin:{model}_{page}": Read(PERSONAL, subject)
        for model, subject in _MODELS.items()
        for page in ("changelist", "change")
    },
}
