"""QENEX. The Celery application is made wherever Django is: else tasks would be sent to nobody's queue."""

from qenex.celery import app as celery_app

__all__ = ["celery_app"]
