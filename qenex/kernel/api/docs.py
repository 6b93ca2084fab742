"""The API's own description, for programs and for people."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):  # type: ignore[misc]  # the package has no types
    """The document; it holds nothing secret."""

    public = True


class DocsView(SpectacularSwaggerSplitView):  # type: ignore[misc]  # the package has no types
    """Swagger UI, from our own static files and without inline scripts."""

    public = True
    url_name = "api-schema"
