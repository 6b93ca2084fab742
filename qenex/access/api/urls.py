"""The routes of access under /api/v1/."""

from django.urls import path

from qenex.access.api import approvals, tokens

urlpatterns = [
    path("approvals", approvals.ApprovalListView.as_view(), name="api-approvals"),
    path("approvals/<uuid:pk>", approvals.ApprovalView.as_view(), name="api-approval"),
    path("approvals/<uuid:pk>/approve", approvals.ApproveView.as_view(), name="api-approval-approve"),
    path("approvals/<uuid:pk>/reject", approvals.RejectView.as_view(), name="api-approval-reject"),
    path("approvals/<uuid:pk>/withdraw", approvals.WithdrawView.as_view(), name="api-approval-withdraw"),
    path("auth/token", tokens.TokenView.as_view(), name="api-auth-token"),
    path("auth/refresh", tokens.RefreshView.as_view(), name="api-auth-refresh"),
    path("auth/revoke", tokens.RevokeView.as_view(), name="api-auth-revoke"),
    path("auth/jwks", tokens.JwksView.as_view(), name="api-auth-jwks"),
]
