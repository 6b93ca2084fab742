"""States that follow from the log, and how each is built again from it, beside the live one."""

from qenex.kernel.projections.protocol import NoProjection, Projection, Projector, projectors
from qenex.kernel.projections.shadow import Shadow, Shadows
from qenex.kernel.projections.span import EVERYTHING, Position, Span
from qenex.kernel.projections.table import Table

__all__ = [
    "EVERYTHING",
    "NoProjection",
    "Position",
    "Projection",
    "Projector",
    "Shadow",
    "Shadows",
    "Span",
    "Table",
    "projectors",
]
