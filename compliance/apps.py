from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """What proves to others what was done."""

    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Registers whose personal data there is, and what may take two people."""
        from compliance.privacy import erasing, holds, kinds, rules, staff  # noqa: F401  # each registers its command

        kinds.register(staff.Staff())
