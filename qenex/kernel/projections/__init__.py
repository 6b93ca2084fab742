"""States that follow from the log, and how each is built again from it, beside the live one."""

from qenex.kernel.projections.protocol import NoProjection, Projection, Projector, projectors
from qenex.kernel.projections.shadow import Shadow, Shadows
from qenex.kernel.projections.span import EVERYTHING, Span
from qenex.kernel.projections.table import Table

__all__ = [
    "EVERYTHING",
    "NoProjection",
    "Projection",
    "Projector",
    "Shadow",
    "Shadows",
    "Span",
    "Table",
    "projectors",
]
