"""What a projector is. Those of all apps are named in settings (`PROJECTORS`)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from qenex.kernel.projections.shadow import Shadows
from qenex.kernel.projections.span import Span
from qenex.kernel.projections.table import Table
from qenex.kernel.upcasting import Told


class Projector(Protocol):
    """Builds a state from the log. An instance serves one replay."""

    name: str
    tables: Sequence[Table]
    events: frozenset[str]
    """The types that it is told of."""
    after: Sequence[str]
    """The projections that are built before it, because it looks at them."""
    only_with: bytes
    """Where it is not empty: only events whose bytes have these in them."""

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Takes an event, in the order of the log."""

    def build(self, shadows: Shadows, span: Span) -> None:
        """Takes what is told in sets, such as transfers, when all events of the span were applied and written."""


class Projection:
    """What projectors have in common."""

    name: str
    tables: Sequence[Table]
    events: frozenset[str] = frozenset()
    after: Sequence[str] = ()
    only_with = b""

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Nothing follows from a single event."""

    def build(self, shadows: Shadows, span: Span) -> None:
        """Nothing follows from sets."""


class NoProjection(ValueError):
    """A projection was asked for that there is none of."""


def projectors(names: Iterable[str] = ()) -> list[Projector]:
    """Fresh projectors of these names, or all, with those that they look at, in the order of building.

    Raises NoProjection.
    """
    known: dict[str, Projector] = {}
    for path in settings.PROJECTORS:
        projector: Projector = import_string(path)()
        known[projector.name] = projector
    wanted: list[str] = []
    for name in list(names) or known:
        _add(name, known, wanted)
    return [known[name] for name in known if name in wanted]


def _add(name: str, known: dict[str, Projector], wanted: list[str]) -> None:
    if name not in known:
        raise NoProjection(f"there is no projection {name}: there are {', '.join(known)}")
    for each in known[name].after:
        _add(each, known, wanted)
    wanted.append(name)
