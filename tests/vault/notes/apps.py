"""The notes as an installed app."""

from django.apps import AppConfig


class NotesConfig(AppConfig):
    """Notes of people."""

    name = "tests.vault.notes"
    label = "notes"
