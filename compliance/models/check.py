"""Verifications of the trail that somebody asked for, or the clock."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class CheckState(models.TextChoices):
    """How far it is."""

    QUEUED = "queued", _("waiting for a worker")
    RUNNING = "running", _("running")
    DONE = "done", _("finished")
    FAILED = "failed", _("could not look")


OPEN = (CheckState.QUEUED, CheckState.RUNNING)
_PROGRESS = "How far it is while it runs: its beginning and its end are events."


class TrailCheck(models.Model):
    """A verification of the whole trail: who asked for it, how far it is, and what it found.

    There is one at a time. The database refuses to change one that has ended, and to delete any.
    """

    kept = True
    audited = True
    unaudited_columns = {"stage": _PROGRESS, "done": _PROGRESS, "total": _PROGRESS, "moved_at": _PROGRESS}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=CheckState, default=CheckState.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked for by")
    )
    requested_at = models.DateTimeField(_("asked for at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    moved_at = models.DateTimeField(_("last heard of at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    stage = models.CharField(_("looking at"), max_length=40, blank=True, default="")
    done = models.BigIntegerField(_("looked at"), default=0)
    total = models.BigIntegerField(_("of"), default=0)
    count = models.BigIntegerField(_("differences"), null=True)
    report = models.JSONField(_("report"), null=True)
    problem = models.CharField(_("why it could not look"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        default_permissions = ("view",)
        permissions = [("run_trailcheck", "Can verify the audit trail")]
        constraints = [
            # One value for all that are open, so that a second one has no place.
            models.UniqueConstraint(models.Value(1), condition=Q(state__in=OPEN), name="check_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, finished_at=None, report=None, count=None)
                | Q(state=CheckState.FAILED, finished_at__isnull=False, report=None, count=None)
                | Q(state=CheckState.DONE, finished_at__isnull=False, report__isnull=False, count__gte=0),
                name="check_ends_whole",
            ),
        ]
        indexes = [models.Index("requested_at", "id", name="check_order")]

    def __str__(self) -> str:
        return f"{self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN
