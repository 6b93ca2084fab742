"""The project's admin site takes the place of Django's."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` ours, so that there is one site and no second door."""

    default_site = "qenex.admin.Site"
