"""The Celery application: workers run what may be late or repeated, never what must not be lost."""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

app = Celery("qenex")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["qenex.kernel", "qenex.access", "ledger", "compliance"])
app.steps["worker"].add(DjangoStructLogInitStep)  # log lines of a task name it and the request that it comes from
