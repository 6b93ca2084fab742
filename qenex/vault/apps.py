"""The vault as an installed app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class VaultConfig(AppConfig):
    """Keys and encrypted fields."""

    name = "qenex.vault"
    label = "vault"

    def ready(self) -> None:
        """Registers the system checks."""
        from qenex.vault import checks

        register(checks.check_provider, Tags.security)
        register(checks.check_cache, Tags.security)
