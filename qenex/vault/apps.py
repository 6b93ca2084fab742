"""The vault as an installed app."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Keys and encrypted fields."""

    name = "qenex.vault"
    label = "vault"
