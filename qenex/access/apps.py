"""Access as an installed app."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class AccessConfig(AppConfig):
    """People, programs and approvals."""

    name = "qenex.access"
    label = "access"

    def ready(self) -> None:
        """Makes the codes of problems known, and the commands that may take two people; registers the system checks."""
        from qenex.access import (
            factorreset,  # noqa: F401  # registered by being imported
            problems,  # noqa: F401  # registered by being imported
            rolechange,  # noqa: F401  # registered by being imported
            upcasters,  # noqa: F401  # registered by being imported
        )
        from qenex.access.apikeys import command  # noqa: F401  # registered by being imported
        from qenex.access.apikeys import problems as _  # noqa: F401  # registered by being imported
        from qenex.access.approvals import policies, powers  # noqa: F401  # registered by being imported
        from qenex.access.checks import check_superusers, check_token_lives
        from qenex.access.tokens import problems as of_tokens  # noqa: F401  # registered by being imported

        register(check_superusers, Tags.database, deploy=True)
        register(check_token_lives, Tags.security)
