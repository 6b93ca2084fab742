"""The outermost layer, without a server: what it lets through, cuts off and adds."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from qenex.kernel.edge import Edge
from qenex.kernel.headers import completed

Message = dict[str, Any]


def scope(method: str = "POST", *headers: tuple[bytes, bytes], scheme: str = "http") -> dict[str, Any]:
    """A request's head."""
    return {"type": "http", "method": method, "path": "/x", "scheme": scheme, "headers": list(headers)}


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """Whom nothing is to reach."""
    raise AssertionError(scope["type"])


class Application:
    """Reads the whole body and answers with its length; says nothing where the client has gone."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
        length = sum(len(each["body"]) for each in self.heard)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-length", b"%d" % length)]})
        await send({"type": "http.response.body", "body": b""})


def serve(head: dict[str, Any], parts: Iterable[bytes], *, pause: float = 0) -> tuple[Application, list[Message]]:
    """What the application heard, and what the client was answered; `pause` is before the last part."""
    pieces = list(parts)
    application, sent = Application(), []

    async def receive() -> Message:
        body = pieces.pop(0)
        if not pieces:
            await asyncio.sleep(pause)
        return {"type": "http.request", "body": body, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Edge(application, nobody)(head, receive, send))
    return application, sent


def talk(application: Any, parts: Iterable[bytes]) -> list[Message]:
    """What was sent to the client by an application that gets a body in these parts."""
    pieces, sent = list(parts), []

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Edge(application, nobody)(scope(), receive, send))
    return sent


def test_a_body_passes_as_it_is_and_the_answer_gets_its_headers() -> None:
    application, sent = serve(scope(), [b"abc", b"de"])
    assert [each["body"] for each in application.heard] == [b"abc", b"de"]
    headers = dict(sent[0]["headers"])
    assert (headers[b"x-length"], headers[b"x-frame-options"], headers[b"cache-control"]) == (
        b"5",
        b"DENY",
        b"no-store",
    )


class Reader:
    """Takes the whole body at once, and then reads it as Django does."""

    def __init__(self) -> None:
        self.asked = 0
        self.read: bytes | None = None
        self.heard: list[Message] = []

    async def __call__(self, scope: Any, intake: Any, answer: Any) -> None:
        self.read = await intake.whole()
        asked = self.asked
        while not self.heard or self.heard[-1].get("more_body"):
            self.heard.append(await intake())
        self.asked = asked
        await answer.whole(200, [], b"")

    def serve(self, head: dict[str, Any], parts: list[bytes]) -> None:
        """Has the edge serve a body; as a server that only learns with an empty part that the last one has come."""
        pieces = [*parts, b""]

        async def receive() -> Message:
            self.asked += 1
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            """Nobody listens."""

        asyncio.run(Edge(self, nobody)(head, receive, send))


def test_a_body_whose_length_is_known_is_whole_when_it_has_come() -> None:
    for length, asks in (((b"content-length", b"5"),), 2), ((), 3):
        reader = Reader()
        reader.serve(scope("POST", *length), [b"abc", b"de"])
        assert (reader.read, reader.asked) == (b"abcde", asks)
        assert [each["body"] for each in reader.heard] == [b"abc", b"de", b""]


def test_what_comes_beyond_the_length_is_nobodys() -> None:
    reader = Reader()
    reader.serve(scope("POST", (b"content-length", b"3")), [b"abc", b"de"])
    assert reader.read == b"abc"
    assert [each.get("body") for each in reader.heard] == [b"abc", None]
    assert reader.heard[-1] == {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (scope("TRACE"), 405, b"method_not_allowed"),
        (scope("POST", (b"content-length", b"11")), 413, b"too_large"),
        (scope("POST", (b"content-length", b"1_0")), 400, b"bad_request"),
        (scope("POST", (b"content-length", b"1"), (b"content-length", b"1")), 400, b"bad_request"),
    ],
)
def test_some_heads_are_enough_to_refuse(settings: Any, head: Any, status: int, code: bytes) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    application, sent = serve(head, [b"x"])
    assert application.heard == []
    assert sent[0]["status"] == status
    assert b'"code":"' + code in sent[1]["body"]


@pytest.mark.parametrize(("path", "status"), [("/api/v1/transfers", 403), ("/admin/", 200), ("/livez", 200)])
def test_programs_without_tls_are_refused_and_not_led_to_it(settings: Any, path: str, status: int) -> None:
    """People's pages go on to Django, which redirects them."""
    settings.SECURE_SSL_REDIRECT = True
    application, sent = serve(scope() | {"path": path}, [b"x"])
    assert (sent[0]["status"], bool(application.heard)) == (status, status == 200)
    assert serve(scope(scheme="https") | {"path": path}, [b"x"])[1][0]["status"] == 200


def test_a_body_of_the_utmost_length_passes_and_a_longer_one_does_not(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert serve(scope(), [b"12345", b"67890"])[1][0]["status"] == 200
    application, sent = serve(scope(), [b"12345", b"678901"])
    assert application.heard[-1] == {"type": "http.disconnect"}
    assert sent[0]["status"] == 413


def test_a_body_that_takes_too_long_is_given_up(settings: Any) -> None:
    settings.BODY_SECONDS = 0.05
    application, sent = serve(scope(), [b"x", b"y"], pause=5)
    assert [each["type"] for each in application.heard] == ["http.request", "http.disconnect"]
    assert (sent[0]["status"], len(sent)) == (408, 2)
    assert b'"code":"too_slow"' in sent[1]["body"]


def test_each_of_many_bodies_has_its_own_time(settings: Any) -> None:
    """One timer serves them all: the one that is armed for the first must find those that began later."""
    settings.BODY_SECONDS = 0.1
    edge = Edge(lambda *request: Application()(*request), nobody)

    async def one(start: float, pause: float) -> int:
        pieces, sent = [b"x", b"y"], []

        async def receive() -> Message:
            if len(pieces) == 1:
                await asyncio.sleep(pause)
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await asyncio.sleep(start)
        await edge(scope(), receive, send)
        return int(sent[0]["status"])

    async def run() -> list[int]:
        return list(await asyncio.gather(*(one(start, pause) for start in (0, 0.05) for pause in (0, 0.01, 5))))

    assert asyncio.run(run()) == [200, 200, 408] * 2
    assert asyncio.run(run()) == [200, 200, 408] * 2  # on another event loop


def test_who_comes_too_late_for_the_body_is_told_that_the_client_has_gone(settings: Any) -> None:
    settings.BODY_SECONDS = 0.01
    heard, sent = [], []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.1)
        heard.append(await receive())

    async def receive() -> Message:
        raise AssertionError("nobody waits for it any longer")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Edge(application, nobody)(scope(), receive, send))
    assert heard == [{"type": "http.disconnect"}]
    assert sent[0]["status"] == 408


def test_who_never_asks_for_the_body_answers_when_he_likes(settings: Any) -> None:
    settings.BODY_SECONDS = 0.01
    sent = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.1)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(Edge(application, nobody)(scope("GET"), receive, send))
    assert [each["status"] for each in sent] == [204]


def test_a_request_that_its_server_ends_is_ended() -> None:
    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    async def run() -> None:
        task = asyncio.create_task(asyncio.wait_for(Edge(Application(), nobody)(scope(), receive, send), 0.05))
        with pytest.raises(TimeoutError):
            await task

    asyncio.run(run())


@pytest.mark.parametrize("parts", [[b"abc"], [b"ab", b"", b"c"]])
def test_a_body_that_was_read_whole_can_be_read_once_more(parts: list[bytes]) -> None:
    wholes: list[Any] = []
    inner = Application()

    async def application(scope: Any, intake: Any, answer: Any) -> None:
        wholes.extend([await intake.whole(), await intake.whole()])
        await inner(scope, intake, answer)

    sent = talk(application, parts)
    assert wholes == [b"abc", b"abc"]
    assert [each["body"] for each in inner.heard] == parts
    assert dict(sent[0]["headers"])[b"x-length"] == b"3"


def test_a_body_that_is_cut_off_is_never_whole(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 4
    wholes: list[Any] = []

    async def application(scope: Any, intake: Any, answer: Any) -> None:
        wholes.append(await intake.whole())
        wholes.append((await intake())["type"])
        wholes.append((await intake())["type"])

    assert talk(application, [b"abc", b"de"])[0]["status"] == 413
    assert wholes == [None, "http.request", "http.disconnect"]


def test_an_answer_that_is_sent_at_once_has_all_headers() -> None:
    async def application(scope: Any, intake: Any, answer: Any) -> None:
        await answer.whole(201, [(b"x-own", b"1")], b"body")

    [start, body] = talk(application, [b""])
    assert (start["status"], body) == (201, {"type": "http.response.body", "body": b"body"})
    assert sorted(start["headers"]) == sorted(completed([(b"x-own", b"1")], secure=False))


def test_websockets_go_on_as_they_are() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    asyncio.run(Edge(nobody, application)({"type": "websocket"}, receive, send))
    assert sent == [{"type": "websocket.accept"}]
