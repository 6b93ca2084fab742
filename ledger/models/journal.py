"""Transfers that succeed or fail together."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.choices import JournalKind
from qenex.kernel.audited import AT_ONCE
from qenex.kernel.ids import uuid7


class Journal(models.Model):
    """A group of transfers posted as one."""

    audited = AT_ONCE

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book_id = models.UUIDField(_("book"))
    kind = models.CharField(_("kind"), max_length=10, choices=JournalKind, default=JournalKind.ENTRY)
    reference = models.CharField(_("reference"), max_length=200, blank=True, default="")
    description = models.TextField(_("description"), blank=True, default="")
    reverses_id = models.UUIDField(_("reverses"), null=True, db_index=True)
    rate = models.CharField(
        _("rate"), max_length=80, blank=True, default="", help_text=_("Exchange: units bought for one unit sold.")
    )
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    posted_at = models.DateTimeField(_("posted at"))

    class Meta:
        permissions = [
            ("post_journal", "Can post journals"),
            ("post_exchange", "Can post exchanges between assets"),
            ("reverse_journal", "Can reverse journals"),
        ]
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        indexes = [models.Index("book_id", "posted_at", name="journal_order")]

    def __str__(self) -> str:
        return self.reference or str(self.id)
