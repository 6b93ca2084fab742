from compliance.models.checkpoint import Checkpoint, Cosignature
from compliance.models.leaf import Leaf, Restoration
from compliance.models.tile import Tile

__all__ = ["Checkpoint", "Cosignature", "Leaf", "Restoration", "Tile"]
