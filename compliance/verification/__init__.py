"""Proving the trail from within: every leaf, tile, checkpoint and column is computed again and compared.

Whoever holds the database can change all of it at once. What was given away outside (a checkpoint, a cosignature, the
sealer's own file) is what he cannot change, so that it is compared too.
"""

from compliance.verification.report import TrailReport
from compliance.verification.run import verify_trail

__all__ = ["TrailReport", "verify_trail"]
