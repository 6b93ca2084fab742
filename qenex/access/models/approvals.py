"""What takes two people: the policies that say so, and the requests that wait or were decided."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class ApprovalStatus(models.TextChoices):
    """Pending, or one of the ends, which are for ever."""

    PENDING = "pending", _("pending")
    EXECUTED = "executed", _("approved and carried out")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")
    FAILED = "failed", _("approved, but it failed")


BY_CHECKER = (ApprovalStatus.EXECUTED, ApprovalStatus.REJECTED, ApprovalStatus.FAILED)


class ApprovalPolicy(models.Model):
    """A command that needs a second person: always, or above an amount of an asset; in one book, or in all."""

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    command = models.CharField(_("command"), max_length=80)
    book_id = models.UUIDField(_("book"), null=True, blank=True)
    asset_id = models.UUIDField(_("asset"), null=True, blank=True)
    above = models.DecimalField(_("above"), max_digits=38, decimal_places=18, null=True, blank=True)
    permission = models.CharField(_("checker's permission"), max_length=150, blank=True, default="")
    expires_after = models.DurationField(_("expires after"), default=timedelta(days=3))
    active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("approval policy")
        verbose_name_plural = _("approval policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(above=None, asset_id=None) | Q(above__gte=0, asset_id__isnull=False),
                name="approval_policy_amount_has_asset",
            ),
            models.CheckConstraint(condition=Q(expires_after__gt=timedelta(0)), name="approval_policy_expires"),
        ]
        indexes = [models.Index("command", name="approval_policy_active", condition=Q(active=True))]

    def __str__(self) -> str:
        return self.command


class Approval(models.Model):
    """A request: the exact bytes of a command, who asked for it, and what another person decided.

    The database refuses to change what was asked for, to decide twice, to let the requester decide, and to delete.
    """

    audited = True

    kept = True
    """Rows are never deleted: the application has no right to."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    command = models.CharField(_("command"), max_length=80)
    key = models.CharField(_("key"), max_length=64, help_text=_("What a repetition of the same request is known by."))
    payload = models.BinaryField(_("payload"))
    payload_hash = models.BinaryField(_("payload's hash"), max_length=32)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    book_id = models.UUIDField(_("book"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    difference = models.BinaryField(_("difference when it was requested"))
    checker_permissions = models.CharField(_("checker's permissions"), max_length=1_000, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=ApprovalStatus, default=ApprovalStatus.PENDING)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    comment = models.CharField(_("comment"), max_length=500, blank=True, default="")
    result = models.CharField(_("result"), max_length=64, blank=True, default="")
    code = models.CharField(_("why it failed"), max_length=64, blank=True, default="")
    detail = models.CharField(_("what was said then"), max_length=1_000, blank=True, default="")
    created_at = models.DateTimeField(_("requested at"))
    expires_at = models.DateTimeField(_("expires at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        permissions = [("check_approval", "Can approve and reject other people's requests")]
        constraints = [
            models.UniqueConstraint("command", "key", name="approval_once"),
            models.CheckConstraint(
                condition=Q(approver=None) | ~Q(approver=F("requester")), name="approval_two_people"
            ),
            models.CheckConstraint(
                condition=Q(status__in=BY_CHECKER, approver__isnull=False)
                | (~Q(status__in=BY_CHECKER) & Q(approver=None)),
                name="approval_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status=ApprovalStatus.PENDING, decided_at=None)
                | (~Q(status=ApprovalStatus.PENDING) & Q(decided_at__isnull=False)),
                name="approval_decided_at_some_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=ApprovalStatus.EXECUTED) | Q(decided_at__lt=F("expires_at")),
                name="approval_executed_in_time",
            ),
        ]
        indexes = [
            models.Index("created_at", "id", name="approval_order"),
            models.Index("expires_at", name="approval_expiry", condition=Q(status=ApprovalStatus.PENDING)),
            models.Index("requester", "created_at", name="approval_of_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.command} {self.key}"

    @property
    def permissions(self) -> list[str]:
        """What it takes to decide about it, besides the right to decide about anything."""
        return self.checker_permissions.split()
