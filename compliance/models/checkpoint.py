"""What we have signed, and who signed it beside us."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Checkpoint(models.Model):
    """A tree that was signed and published: a size and a root (C2SP tlog-checkpoint).

    The database refuses one that is not larger than those before it, or larger than the tree.
    """

    append_only = True

    size = models.BigIntegerField(_("size"), primary_key=True, help_text=_("How many leaves it covers."))
    root = models.BinaryField(_("root"), max_length=32)
    note = models.TextField(_("note"), help_text=_("As it is sent: the text and the signatures (C2SP signed-note)."))
    kid = models.CharField(_("key id"), max_length=60)
    signed_at = models.DateTimeField(_("signed at"))

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        permissions = [("export_log", "Can export ranges of the event log")]
        indexes = [models.Index("signed_at", name="checkpoint_signed")]

    def __str__(self) -> str:
        return str(self.size)


class Cosignature(models.Model):
    """A witness's signature of a checkpoint (C2SP tlog-cosignature)."""

    append_only = True

    pk = models.CompositePrimaryKey("size", "witness")
    size = models.BigIntegerField(_("size"), help_text=_("That of the checkpoint."))
    witness = models.CharField(_("witness"), max_length=200)
    line = models.TextField(_("line"), help_text=_("The line of the note."))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("cosignature")
        verbose_name_plural = _("cosignatures")

    def __str__(self) -> str:
        return f"{self.size} {self.witness}"
