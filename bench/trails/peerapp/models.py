"""The same row, without a history and with those of two packages."""

import pghistory
from auditlog.registry import auditlog
from django.db import models


class Row(models.Model):
    """What is written."""

    code = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    note = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class Plain(Row):  # its base has one
    """Without a history."""


@pghistory.track()
class Tracked(Row):  # its base has one
    """With django-pghistory's."""


class Logged(Row):  # its base has one
    """With django-auditlog's."""


auditlog.register(Logged)
