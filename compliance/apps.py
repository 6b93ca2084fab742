from django.apps import AppConfig
from django.core.checks import Tags, register


class ComplianceConfig(AppConfig):
    """What proves to others what was done."""

    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Registers whose personal data there is, what may take two people, and the system checks."""
        from compliance import upcasters  # noqa: F401  # registered by being imported
        from compliance.alarms import closing  # noqa: F401  # registered by being imported
        from compliance.checks import check_witnesses
        from compliance.privacy import erasing, holds, kinds, rules, staff  # noqa: F401  # each registers its command

        kinds.register(staff.Staff())
        register(check_witnesses, Tags.security)
