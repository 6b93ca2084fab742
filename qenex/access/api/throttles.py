"""How often somebody who has not signed in may try."""

import logging
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from qenex.kernel.context import current

logger = logging.getLogger(__name__)


class AddressThrottle(SimpleRateThrottle):
    """QENEX_AUTH_RATE requests of an address to the routes of tokens together."""

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
            logger.exception("requests are not counted")
            return True

    def get_cache_key(self, request: Request, view: Any) -> str:
        """The client's own address, as the middleware knows it."""
        return f"throttle:{self.scope}:{current().address}"
