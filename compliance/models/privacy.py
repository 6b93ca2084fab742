"""What keeps personal data longer, what ends it, and what is left when it has gone."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7

EVERYBODY = "*"
"""The subject of a hold on a whole class of data."""


class DataClass(models.TextChoices):
    """Personal data that is kept and ended alike."""

    TRACES = "traces", _("addresses in the event log")
    SESSIONS = "sessions", _("sessions of browsers and programs")
    FAILURES = "failures", _("failures to sign in")
    KEY_USE = "key_use", _("from where API keys were used")
    PEOPLE = "people", _("names and e-mail addresses of staff who have left")


class Ground(models.TextChoices):
    """Why somebody's data is erased (GDPR Art. 17(1)); no words of anybody's, for these could name the person."""

    NOT_NEEDED = "not_needed", _("no longer needed (a)")
    WITHDRAWN = "withdrawn", _("consent withdrawn (b)")
    OBJECTION = "objection", _("objection (c)")
    UNLAWFUL = "unlawful", _("unlawfully processed (d)")
    OBLIGATION = "obligation", _("legal obligation (e)")
    RETENTION = "retention", _("the retention period is over")
    RESTORED = "restored", _("erased before, and back with a restored backup")


class LegalHold(models.Model):
    """Somebody's data, or a class of everybody's, that stays whatever the rules say.

    The database refuses to delete a hold, to change what it says, to lift it twice, and to let whoever asks for the
    lifting do it.
    """

    kept = True
    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(
        _("whose data"), max_length=150, help_text=_("Such as auth.user:7; * for everybody's. Empty: erased since.")
    )
    data_class = models.CharField(_("which data"), max_length=20, choices=DataClass, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500)
    until = models.DateTimeField(_("until"), null=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("placed by"), null=True
    )
    placed_at = models.DateTimeField(_("placed at"))
    lift_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("lifting asked for by"), null=True
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("lifted by"), null=True
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        default_permissions = ("view", "add")
        permissions = [("lift_legalhold", "Can lift legal holds, together with somebody else")]
        indexes = [
            models.Index("placed_at", "id", name="legalhold_order"),
            models.Index("subject", name="legalhold_standing", condition=Q(lifted_at=None)),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="legalhold_reason"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("placed_at")), name="legalhold_until_later"),
            models.CheckConstraint(
                condition=~Q(subject=EVERYBODY) | ~Q(data_class=""), name="legalhold_of_somebody_or_something"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, lift_asked_by=None)
                | (
                    Q(lifted_at__isnull=False, lifted_by__isnull=False, lift_asked_by__isnull=False)
                    & ~Q(lifted_by=F("lift_asked_by"))
                ),
                name="legalhold_lifted_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject or '-'} {self.placed_at:%Y-%m-%d}"


class RetentionRule(models.Model):
    """How long a class of personal data must be kept, and when it goes."""

    kept = True
    audited = True

    data_class = models.CharField(_("which data"), primary_key=True, max_length=20, choices=DataClass)
    keep_days = models.PositiveIntegerField(
        _("is kept for days"), help_text=_("Nobody is erased before; counted from the last that he did.")
    )
    period_days = models.PositiveIntegerField(_("goes after days"))
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    active = models.BooleanField(_("active"), default=True, help_text=_("Whether what is too old goes by itself."))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        default_permissions = ("view", "change")
        permissions = [("apply_retention", "Can end what is too old now")]
        constraints = [
            models.CheckConstraint(condition=Q(period_days__gte=F("keep_days")), name="retention_goes_after_kept"),
            models.CheckConstraint(condition=Q(period_days__gt=0), name="retention_period"),
            models.CheckConstraint(condition=~Q(legal_basis=""), name="retention_legal_basis"),
        ]

    def __str__(self) -> str:
        return self.get_data_class_display()


class Erasure(models.Model):
    """An erasure, by a random number of its own. Whose data it was is in the row until it is done, and nowhere after.

    The database keeps whoever asked from carrying it out, and the subject from standing in a finished one.
    """

    kept = True
    audited = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(_("whose data"), max_length=150, blank=True)
    ground = models.CharField(_("ground"), max_length=20, choices=Ground)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by"), null=True
    )
    asked_at = models.DateTimeField(_("asked for at"))
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("approved by"), null=True
    )
    done_at = models.DateTimeField(_("done at"), null=True)
    keys = models.PositiveIntegerField(_("keys destroyed"), null=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ("view",)
        permissions = [
            ("erase_subject", "Can ask for and approve the erasure of somebody's data"),
            ("export_subject", "Can export everything that is held about somebody"),
            ("reveal_event", "Can read personal data in events"),
        ]
        indexes = [models.Index("asked_at", "id", name="erasure_order")]
        constraints = [
            models.UniqueConstraint("subject", condition=Q(done_at=None), name="erasure_once_at_a_time"),
            models.CheckConstraint(
                condition=(Q(done_at=None, done_by=None, keys=None) & ~Q(subject=""))
                | Q(done_at__isnull=False, keys__isnull=False, subject=""),
                name="erasure_done_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None)
                | Q(asked_by=None, done_by=None)
                | (Q(asked_by__isnull=False, done_by__isnull=False) & ~Q(asked_by=F("done_by"))),
                name="erasure_two_people_or_the_system",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
