"""The one error of the benchmark."""


class BenchError(Exception):
    """A measurement that cannot be made, or that came out wrong; the message says why in a line or with a traceback."""
