"""How often somebody who has not signed in may try."""

import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from qenex.kernel.context import current

logger = logging.getLogger(__name__)


class AddressThrottle(SimpleRateThrottle):
    """So many requests of an address; views name theirs by `throttle_scope`."""

    def __init__(self) -> None:
        """The rate is known when the view is."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request may go on. Without Redis it may: the lockout of users and addresses does not need it."""
        self.scope = view.throttle_scope
        self.rate = self.THROTTLE_RATES[self.scope]
        self.num_requests, self.duration = self.parse_rate(self.rate)
        try:
            return super().allow_request(request, view)
        except RedisError:
            logger.exception("requests are not counted")
            return True

    def get_cache_key(self, request: Request, view: Any) -> str:
        """The client's own address, as the middleware knows it."""
        return f"throttle:{self.scope}:{current().address}"
