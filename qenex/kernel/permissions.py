"""Who may call a route."""

from rest_framework.permissions import IsAdminUser


class RoutePermission(IsAdminUser):
    """Denies by default."""
