"""What asking for a proof can end in."""


class NotSealed(Exception):
    """The event is recorded, and no signed checkpoint covers it yet: the next one will."""


class NoCheckpoint(Exception):
    """Nothing was signed yet."""


class OutOfTree(Exception):
    """The sizes or the position that were asked for are none of a tree that was signed."""
