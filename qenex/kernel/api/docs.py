"""The API's own description, for programs and for people."""

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView


class SchemaView(SpectacularAPIView):
    """The document; it holds nothing secret."""

    public = True


@method_decorator(csp_update({"img-src": ["data:"]}), "dispatch")
class DocsView(SpectacularSwaggerView):
    """Swagger UI, from our own static files and without inline scripts; its style sheet has pictures within it."""

    public = True
    url_name = "api-schema"
