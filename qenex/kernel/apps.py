from django.apps import AppConfig
from django.core.checks import Tags, register


class KernelConfig(AppConfig):
    """What every app stands on; imports no other app."""

    name = "qenex.kernel"
    verbose_name = "Kernel"

    def ready(self) -> None:
        """Registers the system checks."""
        from qenex.kernel import checks, routes, transportchecks

        register(checks.check_profile, Tags.security)
        register(checks.check_databases, Tags.security)
        register(transportchecks.check_transport, Tags.security, deploy=True)
        register(checks.check_facts, Tags.database)
        register(routes.check_routes, Tags.urls)
