"""Cosignatures: checkpoints are shown to witnesses before they are published, or while they are."""

from compliance.sealing.cosigning.gathering import Gatherer, from_settings
from compliance.sealing.cosigning.witnesses import EntryInvalid

__all__ = ["EntryInvalid", "Gatherer", "from_settings"]
