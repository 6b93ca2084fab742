from django.apps import AppConfig


class KernelConfig(AppConfig):
    """What every app stands on; imports no other app."""

    name = "qenex.kernel"
    verbose_name = "Kernel"
