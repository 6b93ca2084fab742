"""The sealed columns of every installed app."""

from collections.abc import Iterator

from django.apps import apps

from qenex.vault.sealed import Sealing


def sealed_columns() -> Iterator[Sealing]:
    """Each field whose column is sealed, those of posted facts left out: they are never changed."""
    for model in apps.get_models():
        if model._meta.proxy or getattr(model, "append_only", False):
            continue
        yield from (field for field in model._meta.local_concrete_fields if isinstance(field, Sealing))
