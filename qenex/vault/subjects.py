"""Whose data a value is, as a name of the subject that is the same everywhere."""

from uuid import UUID

from django.db import models

PART = "#"
"""Between a subject and the name of a part of its data that has keys of its own, and may go before the rest."""


def name(subject: models.Model | UUID | int | str) -> str:
    """A row by its model and key (`auth.user:7`), a UUID or text as it is. Raises ValueError for nothing.

    A number alone would be the name of rows of many tables, so it is refused.
    """
    if isinstance(subject, models.Model):
        if subject.pk is None:
            raise ValueError("a row without a primary key is no subject")
        return f"{_concrete(type(subject))._meta.label_lower}:{subject.pk}"
    if isinstance(subject, int):
        raise ValueError("a number alone names no subject; give the row itself")
    if not str(subject):
        raise ValueError("the subject has no name")
    return str(subject)


def whole(name: str) -> str:
    """The subject of which this is a part: `auth.user:7#2026-11` is what `auth.user:7` left in a month."""
    return name.partition(PART)[0]


def of_attribute(row: models.Model, attribute: str) -> str:
    """The subject that an attribute of the row names: for a foreign key or the row's own key, the row behind it."""
    value = getattr(row, attribute)
    if value is None:
        raise ValueError(f"{type(row).__name__}.{attribute} is not set; a value needs its subject before it is sealed")
    model = _model_behind(row, attribute)
    return f"{model._meta.label_lower}:{value}" if model else name(value)


def _model_behind(row: models.Model, attribute: str) -> type[models.Model] | None:
    for field in row._meta.concrete_fields:
        if attribute not in (field.attname, field.name):
            continue
        if field.remote_field is not None:
            return _concrete(field.remote_field.model) if attribute == field.attname else None
        return _concrete(type(row)) if field.primary_key else None
    return None


def _concrete(model: type[models.Model]) -> type[models.Model]:
    return model._meta.concrete_model or model
