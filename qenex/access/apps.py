"""Access as an installed app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """People, programs and approvals."""

    name = "qenex.access"
    label = "access"
