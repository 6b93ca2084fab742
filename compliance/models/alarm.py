"""What was found to be wrong with the trail, until two people have said why it no longer is."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class Source(models.TextChoices):
    """Who found it."""

    VERIFICATION = "verification", _("verification")
    SEALER = "sealer", _("sealer")
    WITNESS = "witness", _("witness")


class TamperAlarm(models.Model):
    """An alarm. It is open until one person has proposed to close it and another one has confirmed that.

    The database refuses to delete it, to change what it says, and to close it without a request for approval that two
    different people have carried out.
    """

    kept = True
    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(_("found by"), max_length=12, choices=Source)
    code = models.CharField(_("kind"), max_length=220, help_text=_("Of a witness: its name too."))
    detail = models.TextField(_("what was found"))
    found_at = models.DateTimeField(_("found at"))
    check_id = models.UUIDField(_("verification"), null=True)
    proposal = models.UUIDField(_("proposal"), null=True, help_text=_("The key of the request to close it."))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("closing proposed by")
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True)
    explanation = models.CharField(_("explanation"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("tamper alarm")
        verbose_name_plural = _("tamper alarms")
        default_permissions = ("view",)
        permissions = [("close_tamperalarm", "Can propose to close tamper alarms, and confirm others' proposals")]
        constraints = [
            models.UniqueConstraint("source", "code", condition=Q(closed_at=None), name="alarm_open_once"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, proposed_by=None, proposal=None, explanation="")
                | (
                    Q(closed_at__isnull=False, closed_by__isnull=False, proposed_by__isnull=False)
                    & Q(proposal__isnull=False)
                    & ~Q(explanation="")
                ),
                name="alarm_closed_whole",
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F("proposed_by")), name="alarm_two_people"
            ),
        ]
        indexes = [
            models.Index("found_at", "id", name="alarm_order"),
            models.Index("found_at", name="alarm_open", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.code}"
