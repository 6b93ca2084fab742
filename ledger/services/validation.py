"""Model validation whose failure is the ledger's own error."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from ledger.errors import Invalid


def clean(instance: Model) -> None:
    """Checks each field by itself. What other rows say is for the database's constraints. Raises Invalid."""
    for each in instance._meta.concrete_fields:
        value = getattr(instance, each.attname)
        if isinstance(value, str) and "\0" in value:
            raise Invalid(each.name, "must not hold NUL characters")
    # Django would look every referenced row up again, one query each.
    references = [each.name for each in instance._meta.concrete_fields if each.is_relation]
    try:
        instance.clean_fields(exclude=references)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        name = "fields" if field == NON_FIELD_ERRORS else field
        raise Invalid(name, " ".join(messages)) from error
