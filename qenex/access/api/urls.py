"""The routes of access under /api/v1/."""

from django.urls import path

from qenex.access.api import tokens

urlpatterns = [
    path("auth/token", tokens.TokenView.as_view(), name="api-auth-token"),
    path("auth/refresh", tokens.RefreshView.as_view(), name="api-auth-refresh"),
    path("auth/revoke", tokens.RevokeView.as_view(), name="api-auth-revoke"),
    path("auth/jwks", tokens.JwksView.as_view(), name="api-auth-jwks"),
]
