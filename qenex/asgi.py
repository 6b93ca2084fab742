"""The ASGI application: wiring only."""

import os
from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

# Django is set up by this call; only afterwards can models be imported.
http: Any = get_asgi_application()  # typed for scopes that are dicts and nothing else

from ledger.api.hot.app import HotPath  # noqa: E402  # see above
from ledger.api.hot.counter import OwnCounter  # noqa: E402  # see above
from ledger.api.hot.desk import Desk  # noqa: E402  # see above
from ledger.api.hot.remote import RemoteCounter  # noqa: E402  # see above
from qenex.access import live as staff  # noqa: E402  # see above
from qenex.access.approvals import live as approvals  # noqa: E402  # see above
from qenex.kernel import live  # noqa: E402  # see above
from qenex.kernel.edge import Edge  # noqa: E402  # see above
from qenex.kernel.memory import settle  # noqa: E402  # see above

routes = URLRouter([*live.urlpatterns, *approvals.urlpatterns])
websocket = AllowedHostsOriginValidator(staff.gate(routes))

desk = Desk(RemoteCounter() if settings.POSTING_PROCESS else OwnCounter())
application = Edge(HotPath(http, desk), websocket)
settle()
