"""The Celery application: workers run what may be late or repeated, never what must not be lost."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

app = Celery("qenex")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["qenex.kernel", "ledger"])
