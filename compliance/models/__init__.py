from compliance.models.alarm import Source, TamperAlarm
from compliance.models.check import CheckState, TrailCheck
from compliance.models.checkpoint import Checkpoint, Cosignature
from compliance.models.leaf import Leaf, Restoration
from compliance.models.privacy import DataClass, Erasure, Ground, LegalHold, RetentionRule
from compliance.models.tile import Tile

__all__ = [
    "CheckState",
    "Checkpoint",
    "Cosignature",
    "DataClass",
    "Erasure",
    "Ground",
    "Leaf",
    "LegalHold",
    "Restoration",
    "RetentionRule",
    "Source",
    "TamperAlarm",
    "Tile",
    "TrailCheck",
]
