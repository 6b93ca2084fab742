"""Routing only. /livez, /readyz and /metrics are answered before it, by `qenex.kernel.health`."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

# The apps' pages come in the apps' order: some take the place of another's, which must be there before.
admin.autodiscover()

from compliance.privacy.admin.revealing import RevealEvent  # noqa: E402  # see above
from qenex.access.admin.scopes import BooksPage  # noqa: E402  # see above
from qenex.kernel import handlers  # noqa: E402  # see above
from qenex.kernel.api.docs import DocsView, SchemaView  # noqa: E402  # see above

api: list[URLPattern | URLResolver] = [
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs", DocsView.as_view(), name="api-docs"),
    path("problems/", handlers.problem_pages, name="api-problems"),
    path("problems/<slug:code>", handlers.problem_page, name="api-problem"),
    path("", include("qenex.kernel.api.urls")),
    path("", include("qenex.access.api.urls")),
]
ROOMS = (room for room in ("ledger.api", "compliance.api") if find_spec(room) and find_spec(f"{room}.urls"))
api.extend(path("", include(f"{room}.urls")) for room in ROOMS)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/auth/user/<int:user_id>/books/", BooksPage.as_view(), name="user-books"),
    path("admin/kernel/event/<uuid:event_id>/personal/", RevealEvent.as_view(), name="event-personal"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    path("api/<path:rest>", csrf_exempt(handlers.not_found)),
]

handler400 = handlers.bad_request
handler403 = handlers.permission_denied
handler404 = handlers.not_found
handler500 = handlers.server_error
