"""The application that stands in front of Django's."""

from django.db import Error

from ledger.api.hot.admission import Sender, scheme, sender
from ledger.api.hot.desk import Asked, Desk
from ledger.api.hot.http import headers_of, respond
from ledger.api.hot.principals import Principal, Principals
from ledger.api.hot.signers import Signers
from qenex.access import throttling
from qenex.access.apikeys import checking as signing
from qenex.access.apikeys.checking import MARK
from qenex.kernel.asgi import App, Scope
from qenex.kernel.edge import Answer
from qenex.kernel.intake import Intake
from qenex.kernel.middleware import request_id
from qenex.vault.errors import VaultError

SINGLE = "/api/v1/transfers"
BATCH = "/api/v1/transfers/batch"
Headers = dict[bytes, bytes]


class HotPath:
    """Posts transfers for programs at `desk`; gives everything else on to `django`. It stands inside an Edge."""

    def __init__(self, django: App, desk: Desk) -> None:
        self._django, self._desk = django, desk
        self._started = False
        self._principals, self._signers = Principals(), Signers()

    async def __call__(self, scope: Scope, intake: Intake, answer: Answer) -> None:
        """Answers a request of the two routes where all is in order."""
        if not self._started:  # only now is there a loop to start it on
            self._started = True
            self._desk.start()
        if not (_concerns(scope) and await self._serve(scope, intake, answer)):
            await self._django(scope, intake, answer)

    async def _serve(self, scope: Scope, intake: Intake, answer: Answer) -> bool:
        """Whether the request was answered. Nothing has been posted where it was not."""
        headers = headers_of(scope)
        source = _sender(scope, headers)
        if not source.admitted or not throttling.admits(scope, source.origin):
            return False
        signs = b"signature" in headers and b"authorization" not in headers
        principal = None if signs else await self._principal(headers)
        if principal is None and not signs:
            return False
        raw = await intake.whole()
        if raw is None:
            return False
        if signs:
            principal = await self._signer(scope, headers, raw)
        if principal is None or not throttling.taken(throttling.PRINCIPAL, principal.source, scope):
            return False
        asked = _asked(scope, headers, raw, principal, source)
        answered = await self._desk.serve(asked)
        if answered is None:
            return False
        await respond(answer, answered, asked.request_id)
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
        address=_sender(scope, headers).address,
    )


def _concerns(scope: Scope) -> bool:
    return scope["method"] == "POST" and scope["path"] in (SINGLE, BATCH)


def _sender(scope: Scope, headers: Headers) -> Sender:
    client, named = scope.get("client"), headers.get
    forwarded = named(b"x-forwarded-proto", b""), named(b"x-forwarded-for", b"")
    return sender(scope["scheme"], named(b"host", b""), forwarded[0], client[0] if client else "", forwarded[1])


def _asked(scope: Scope, headers: Headers, raw: bytes, principal: Principal, source: Sender) -> Asked:
    given = headers.get(b"x-request-id")
    return Asked(
        scope["path"] == SINGLE,
        headers.get(b"content-type", b"").decode("latin-1"),
        scope["query_string"],
        raw,
        principal,
        source.address,
        request_id(None if given is None else given.decode("latin-1")),
    )
