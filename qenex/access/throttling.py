"""How often an address and a principal may ask, and how often an address may fail to show who it is.

Each server process counts for itself, in memory: there is nothing that could be away, and no round trip. What the fast
path has counted is marked in the ASGI scope, where no client can write, so that Django does not count it again.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from qenex.access.apikeys.callers import Caller
from qenex.access.apikeys.checking import Signed
from qenex.access.buckets import Buckets
from qenex.access.tokens import Bearer
from qenex.kernel import handlers, problems
from qenex.kernel.asgi import Scope
from qenex.kernel.context import current
from qenex.kernel.problems import Problem


class Limit:
    """One of the three, as its setting has it; none where the setting says so."""

    def __init__(self, name: str, setting: str) -> None:
        self.name, self.setting, self.mark = name, setting, f"qenex.throttled.{name}"
        self._rate: tuple[int, float] | None = None
        self._buckets: Buckets[str] | None = None
        self.reset()

    def reset(self) -> None:
        """Forgets what was counted, and the setting: every request asks three times, so it is read once."""
        self._set = False

    def take(self, key: str) -> bool:
        """Counts once more, and says whether that was allowed."""
        buckets = self._now()
        return buckets is None or buckets.take(key)

    def open(self, key: str) -> bool:
        """Whether once more would be allowed."""
        buckets = self._now()
        return buckets is None or buckets.wait(key) == 0

    def problem(self, key: str) -> Problem:
        """What to answer instead (RFC 6585, and the draft of RateLimit fields for HTTP)."""
        assert self._buckets is not None
        assert self._rate is not None
        pause, (count, seconds) = self._buckets.pause(key), self._rate
        headers = {
            "Retry-After": str(pause),
            "RateLimit-Policy": f'"{self.name}";q={count};w={seconds:.0f}',
            "RateLimit": f'"{self.name}";r=0;t={pause}',
        }
        return Problem(problems.THROTTLED, headers=headers)

    def _now(self) -> Buckets[str] | None:
        if not self._set:
            self._rate = rate = getattr(settings, self.setting)
            self._buckets, self._set = Buckets(*rate) if rate else None, True
        return self._buckets


PRINCIPAL = Limit("principal", "THROTTLE_PRINCIPAL")
ADDRESS = Limit("address", "THROTTLE_ADDRESS")
FAILURES = Limit("failures", "THROTTLE_FAILURES")
LIMITS = (PRINCIPAL, ADDRESS, FAILURES)


class ThrottleMiddleware:
    """Asks the address before anything is looked up, for every address under /api/; 401s count against it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Runs the request where its address may ask."""
        if not request.path.startswith(handlers.API):
            return self.get_response(request)
        here = origin(current().address)
        if not FAILURES.open(here):
            return handlers.respond(FAILURES.problem(here))
        if not taken(ADDRESS, here, scope_of(request)):
            return handlers.respond(ADDRESS.problem(here))
        response = self.get_response(request)
        if response.status_code == 401:
            FAILURES.take(here)
        return response


def taken(limit: Limit, key: str, scope: Scope) -> bool:
    """Whether the request of this scope may go on; it is counted once, whoever asks first."""
    if limit.mark in scope:
        return True
    if not limit.take(key):
        return False
    scope[limit.mark] = True
    return True


def scope_of(request: HttpRequest) -> Scope:
    """The request's ASGI scope; an empty one where it came another way."""
    scope: Scope = getattr(request, "scope", {})
    return scope


def admits(scope: Scope, here: str) -> bool:
    """Whether the fast path may look at a request from this origin; Django's way says why not."""
    return FAILURES.open(here) and taken(ADDRESS, here, scope)


def principal_of(user: int, auth: object) -> str:
    """Whoever authenticated a request: a key, a sign-in with its tokens, or a user with his sessions."""
    if isinstance(auth, Signed | Caller):
        return f"key:{auth.caller.id if isinstance(auth, Signed) else auth.id}"
    return f"sign-in:{auth.claims.family}" if isinstance(auth, Bearer) else f"user:{user}"


@lru_cache(maxsize=4_096)
def origin(address: str | None) -> str:
    """An address as it is counted: of IPv6 its /64, all of which one client has."""
    if address is None or not isinstance(ip_address(address), IPv6Address):
        return address or ""
    return str(ip_network((address, 64), strict=False))
