"""What can be wrong with a file, and what with one of its lines."""


class FileProblem(Exception):
    """The file, its profile or its header: nothing more of it can be read. The message is one line."""


class LineRefused(Exception):
    """A line that cannot be posted; the others are not concerned."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
