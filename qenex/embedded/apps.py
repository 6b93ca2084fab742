"""The embedded servers' commands."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class EmbeddedConfig(AppConfig):
    """Carries `manage.py up` and `manage.py down`; has no tables."""

    name = "qenex.embedded"
    label = "embedded"

    def ready(self) -> None:
        """Registers the system checks."""
        from qenex.embedded import checks

        register(checks.check_certificate, Tags.security, deploy=True)
        register(checks.check_people, Tags.database, deploy=True)
