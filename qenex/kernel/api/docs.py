"""The API's own description, for programs and for people."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """The document; it holds nothing secret."""

    public = True


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, from our own static files and without inline scripts."""

    public = True
    url_name = "api-schema"
