"""The one error of this package."""


class EmbeddedError(Exception):
    """An embedded server that cannot be had; the message is one line that says why."""
