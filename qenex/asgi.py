"""The ASGI application: wiring only."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

application = get_asgi_application()
