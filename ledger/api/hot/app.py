"""The application that stands in front of Django's."""

from functools import lru_cache

from django.conf import settings
from django.db import Error

from ledger.api.hot.admission import admitted, scheme
from ledger.api.hot.desk import Asked, Desk
from ledger.api.hot.http import Body, headers_of, respond
from ledger.api.hot.principals import Principal, Principals
from ledger.api.hot.signers import Signers
from qenex.access import throttling
from qenex.access.apikeys import checking as signing
from qenex.access.apikeys.checking import MARK
from qenex.kernel.asgi import App, Receive, Scope, Send
from qenex.kernel.middleware import client_address, request_id
from qenex.vault.errors import VaultError

SINGLE = "/api/v1/transfers"
BATCH = "/api/v1/transfers/batch"
Headers = dict[bytes, bytes]


class HotPath:
    """Posts transfers for programs at `desk`; gives everything else on to `django`."""

    def __init__(self, django: App, desk: Desk) -> None:
        self._django, self._desk = django, desk
        self._started = False
        self._principals, self._signers = Principals(), Signers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request of the two routes where all is in order."""
        if not self._started:  # only now is there a loop to start it on
            self._started = True
            self._desk.start()
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in (SINGLE, BATCH):
            await self._django(scope, receive, send)
            return
        body = Body(receive)
        answered = await self._serve(scope, body, send)
        if not answered:
            await self._django(scope, body.again, send)

    async def _serve(self, scope: Scope, body: Body, send: Send) -> bool:
        """Whether the request was answered. Nothing has been posted where it was not."""
        headers = headers_of(scope)
        if not admitted(scope["scheme"], headers.get(b"host", b""), headers.get(b"x-forwarded-proto", b"")):
            return False
        if not throttling.admits(scope, _client(scope, headers)):
            return False
        signs = b"signature" in headers and b"authorization" not in headers
        principal = None if signs else await self._principal(headers)
        if principal is None and not signs:
            return False
        raw = await body.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if raw is None:
            return False
        if signs:
            principal = await self._signer(scope, headers, raw)
        if principal is None or not throttling.taken(throttling.PRINCIPAL, principal.source, scope):
            return False
        asked = _asked(scope, headers, raw, principal)
        answered = await self._desk.serve(asked)
        if answered is None:
            return False
        await respond(send, answered, asked.request_id)
        return True

    async def _principal(self, headers: Headers) -> Principal | None:
        authorization = headers.get(b"authorization")
        if authorization is None or b"cookie" in headers:
            return None
        try:
            return await self._principals.of(authorization)
        except Error:  # Django's own way may be luckier, or tells what is wrong
            return None

    async def _signer(self, scope: Scope, headers: Headers, raw: bytes) -> Principal | None:
        if b"cookie" in headers:
            return None
        try:
            principal, used = await self._signers.of(signed_request(scope, headers, raw))
        except (Error, VaultError):  # as above
            return None
        if used is not None:  # whoever comes next must not take this very request for a replay
            scope[MARK] = used
        return principal


def signed_request(scope: Scope, headers: Headers, raw: bytes) -> signing.Asked:
    """The request as its sender must have signed it: with the address that he asked, whatever proxies are between."""
    host, forwarded = headers.get(b"host", b""), headers.get(b"x-forwarded-proto", b"")
    query = scope["query_string"].decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return signing.Asked(
        method=scope["method"],
        url=f"{scheme(scope['scheme'], forwarded)}://{host.decode('latin-1')}{path}{'?' if query else ''}{query}",
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=raw,
        address=_client(scope, headers),
    )


def _client(scope: Scope, headers: Headers) -> str | None:
    client = scope.get("client")
    return _address(client[0] if client else "", headers.get(b"x-forwarded-for", b""))


def _asked(scope: Scope, headers: Headers, raw: bytes, principal: Principal) -> Asked:
    given = headers.get(b"x-request-id")
    return Asked(
        single=scope["path"] == SINGLE,
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        query=scope["query_string"],
        raw=raw,
        actor_id=principal.id,
        actor=principal.name,
        method=principal.method,
        permissions=principal.permissions,
        books=principal.books,
        address=_client(scope, headers),
        request_id=request_id(given.decode("latin-1") if given else None),
        key_id=principal.key_id,
    )


@lru_cache(maxsize=4_096)
def _address(remote: str, forwarded: bytes) -> str | None:
    return client_address(remote, forwarded.decode("latin-1"))
