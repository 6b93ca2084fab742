from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """What proves to others what was done."""

    name = "compliance"
    verbose_name = "Compliance"
