"""Applications of Django's, set up in our way."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig as DjangoStaticFilesConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` ours, so that there is one site and no second door."""

    default_site = "qenex.admin.Site"


class StaticFilesConfig(DjangoStaticFilesConfig):
    """Collects what our pages use, and not the old libraries of pages that nobody here can open."""

    ignore_patterns = [*DjangoStaticFilesConfig.ignore_patterns, "rest_framework", "redoc", "oauth2-redirect.*"]
