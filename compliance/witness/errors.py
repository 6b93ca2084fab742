"""What a witness refuses: requests, each with a status of HTTP, and to go on at all."""

from http import HTTPStatus

SIZE_TYPE = "text/x.tlog.size"
"""The media type of a conflict's answer."""


class WitnessError(Exception):
    """The witness does not start or go on; the message says in one line what is wrong and what to do."""


class StateRefused(WitnessError):
    """What the witness remembers of a log cannot be true."""


class Refused(Exception):
    """A request that is not cosigned, with the answer that it gets."""

    def __init__(self, status: HTTPStatus, body: str, type: str = "text/plain; charset=utf-8") -> None:
        super().__init__(body)
        self.status, self.body, self.type = status, f"{body}\n", type


def malformed(why: str) -> Refused:
    """400: not a request of the protocol."""
    return Refused(HTTPStatus.BAD_REQUEST, why)


def unknown_origin() -> Refused:
    """404: no log of ours."""
    return Refused(HTTPStatus.NOT_FOUND, "this witness knows no log of that origin")


def unsigned(why: str) -> Refused:
    """403: not signed by the log."""
    return Refused(HTTPStatus.FORBIDDEN, why)


def conflict(size: int) -> Refused:
    """409: the proof starts from another size than the one that was cosigned last, which the answer tells."""
    return Refused(HTTPStatus.CONFLICT, str(size), SIZE_TYPE)


def inconsistent(why: str) -> Refused:
    """422: the log was not shown to have only grown."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, why)
