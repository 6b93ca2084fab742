"""Access as an installed app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """People, programs and approvals."""

    name = "qenex.access"
    label = "access"

    def ready(self) -> None:
        """Makes the codes of problems known, and the commands that may take two people."""
        from qenex.access import problems  # noqa: F401  # registered by being imported
        from qenex.access.apikeys import command  # noqa: F401  # registered by being imported
        from qenex.access.apikeys import problems as _  # noqa: F401  # registered by being imported
        from qenex.access.approvals import policies  # noqa: F401  # registered by being imported
        from qenex.access.tokens import problems as of_tokens  # noqa: F401  # registered by being imported
