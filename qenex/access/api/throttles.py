"""How often somebody may ask."""

import logging
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from qenex.access import throttling
from qenex.access.buckets import Buckets
from qenex.kernel.context import current

logger = logging.getLogger(__name__)
complaints: Buckets[str] = Buckets(1, 60.0)


class PrincipalThrottle(BaseThrottle):
    """QENEX_THROTTLE_PRINCIPAL requests of a key, a sign-in or a user. Addresses were counted before."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request may go on. Raises Problem where it may not."""
        if not request.user.is_authenticated:
            return True
        who = throttling.principal_of(request.user.pk, request.auth)
        if not throttling.taken(throttling.PRINCIPAL, who, throttling.scope_of(request._request)):
            raise throttling.PRINCIPAL.problem(who)
        return True


class AddressThrottle(SimpleRateThrottle):
    """QENEX_AUTH_RATE requests of an address to the routes of tokens together, whichever process answers."""

    scope = "auth"

    def get_rate(self) -> str:
        """The rate as it is set now."""
        rate: str = settings.AUTH_RATE
        return rate

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request may go on. Without Redis it may: the lockout of users and addresses does not need it."""
        try:
            return super().allow_request(request, view)
        except RedisError:
            if complaints.take("redis"):  # once a minute: a log that is full tells nobody anything
                logger.exception("requests are not counted")
            return True

    def get_cache_key(self, request: Request, view: Any) -> str:
        """The client's own address, as the middleware knows it."""
        return f"throttle:{self.scope}:{current().address}"
