"""The inner nodes of the tree, 256 at a time."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tile(models.Model):
    """256 hashes side by side (C2SP tlog-tiles, height 8): of leaves at level 0, of whole tiles below at the others.

    Only full tiles are kept: one at the tree's right edge is made of the rows below it.
    """

    append_only = True

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField(_("level"))
    index = models.BigIntegerField(_("index"))
    hashes = models.BinaryField(_("hashes"), max_length=8192)
    root = models.BinaryField(_("root"), max_length=32, help_text=_("Over the 256: the tile's hash one level up."))

    class Meta:
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"
