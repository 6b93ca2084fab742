"""Libraries for the browser that come inside Python packages, where no installer knows of them."""

import re
from dataclasses import dataclass

DJANGO = "django/contrib/admin/static/admin/js/vendor"
SIDECAR = "drf_spectacular_sidecar/static/drf_spectacular_sidecar"


@dataclass(frozen=True)
class Vendored:
    """A library, and the file of it whose text says which version it is."""

    name: str
    licence: str
    owner: str
    """The distribution that it lies in."""
    path: str
    pattern: str
    """Finds the version in the file."""

    def version(self, text: str) -> str | None:
        """The version that the file says it is."""
        found = re.search(self.pattern, text)
        return found[1] if found else None


VENDORED = (
    Vendored("jquery", "MIT", "django", f"{DJANGO}/jquery/jquery.min.js", r"jQuery v(\d+\.\d+\.\d+)"),
    Vendored("select2", "MIT", "django", f"{DJANGO}/select2/select2.full.min.js", r"Select2 (\d+\.\d+\.\d+)"),
    Vendored("xregexp", "MIT", "django", f"{DJANGO}/xregexp/xregexp.min.js", r"XRegExp (\d+\.\d+\.\d+)"),
    Vendored(
        "swagger-ui-dist",
        "Apache-2.0",
        "drf-spectacular-sidecar",
        f"{SIDECAR}/swagger-ui-dist/swagger-ui-bundle.js",
        r'PACKAGE_VERSION:"(\d+\.\d+\.\d+)"',
    ),
)
