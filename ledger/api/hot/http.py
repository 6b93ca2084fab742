"""As much of HTTP as the fast path needs."""

from ledger.api.hot.answers import Answered
from qenex.kernel.asgi import Scope
from qenex.kernel.edge import Answer
from qenex.kernel.headers import Raw

AMBIGUOUS = b"\0"


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers; one that was sent more than once has a value that nothing accepts."""
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):
        names = [name for name, _ in scope["headers"]]
        headers.update((name, AMBIGUOUS) for name in names if names.count(name) > 1)
    return headers


async def respond(answer: Answer, answered: Answered, request_id: str) -> None:
    """Sends an answer."""
    raw: list[Raw] = [
        (b"content-type", answered.media_type.encode()),
        (b"content-length", b"%d" % len(answered.body)),
        (b"x-request-id", request_id.encode()),
    ]
    if answered.headers:
        raw += [(name.lower().encode(), value.encode("latin-1")) for name, value in answered.headers.items()]
    await answer.whole(answered.status, raw, answered.body)
