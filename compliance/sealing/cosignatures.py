"""A witness's line as it is kept."""

from datetime import UTC, datetime

from compliance.models import Cosignature
from compliance.trail import note


def kept(size: int, witness: str, line: str) -> Cosignature:
    """The row of a line that was verified, with the moment that the witness itself has signed."""
    moment = note.cosigned_at(line)
    return Cosignature(size=size, witness=witness, line=line, at=datetime.fromtimestamp(moment, UTC))
