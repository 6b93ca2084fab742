"""The embedded servers' commands."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """Carries `manage.py up` and `manage.py down`; has no tables."""

    name = "qenex.embedded"
    label = "embedded"
