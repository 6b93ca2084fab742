"""The append-only log of everything that was done."""

from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from qenex.kernel.ids import uuid7


class CurrentTransaction(models.Func):
    """The number of the transaction that writes the row; it never repeats, even after 2^32 (xid8)."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = models.TextField()


class Event(models.Model):
    """One command that was carried out: who, from where, how proven, why, and what it changed.

    `body` holds the canonical bytes as they are hashed; the columns beside it repeat some of it for look-ups.
    The database refuses UPDATE, DELETE and TRUNCATE.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transaction = models.BigIntegerField(
        _("transaction"),
        db_default=Cast(Cast(CurrentTransaction(), models.TextField()), models.BigIntegerField()),
        help_text=_("The database transaction that wrote the event: readers order by it behind the snapshot horizon."),
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    type = models.CharField(_("type"), max_length=80, help_text=_("app.noun.verb, such as ledger.account.frozen"))
    version = models.PositiveSmallIntegerField(_("version"), help_text=_("The version of the type's data."))
    book_id = models.UUIDField(_("book"), null=True)
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_id = models.CharField(_("subject"), max_length=64)
    actor_id = models.BigIntegerField(_("actor's id"), null=True)
    actor = models.CharField(_("actor"), max_length=150)
    request_id = models.CharField(_("request"), max_length=64, default="", blank=True)
    body = models.BinaryField(_("canonical bytes"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index("transaction", "id", name="event_order"),
            models.Index("recorded_at", "id", name="event_recorded"),
            models.Index("subject_id", "recorded_at", name="event_subject"),
            models.Index("type", "recorded_at", name="event_type"),
            models.Index("actor", "recorded_at", name="event_actor"),
            models.Index("book_id", "recorded_at", name="event_book"),
            models.Index("request_id", name="event_request", condition=~models.Q(request_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"
