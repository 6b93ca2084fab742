"""Writing to audited tables for a test's own ends, which is refused without an event."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction

from qenex.kernel import events

T = TypeVar("T")
TYPE = "test.table.prepared"


@contextmanager
def marked(using: str = "default") -> Iterator[None]:
    """A transaction with an event, so that its other statements may change what they like."""
    with transaction.atomic(using):
        events.write([events.draft(TYPE, subject_type="test", subject_id="")], using=using)
        yield


def marking(write: Callable[[], T]) -> T:
    """What the function returns, called within `marked`."""
    with marked():
        return write()
