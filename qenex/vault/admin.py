"""The vault in the back office: looked at by those who answer for keys, changed by commands on the machine alone."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from qenex.admin import ViewOnlyAdmin
from qenex.vault import overview
from qenex.vault.models import SigningKey
from qenex.vault.publickeys import PublicKey, load

PEM, JWK = "application/x-pem-file", "application/jwk+json"


@admin.register(SigningKey)
class SigningKeyAdmin(ViewOnlyAdmin[SigningKey]):
    """Signing keys, and above them how the vault is."""

    change_list_template = "vault/overview.html"
    list_display = ("purpose", "version", "state_shown", "not_before", "retired_at", "not_after", "algorithm", "kid")
    ordering = ("purpose", "-version")
    sortable_by = ()
    fields = ("kid", "purpose", "version", "algorithm", "state_shown", "created_at", "not_before", "retired_at")
    readonly_fields = ("state_shown", "kept_by", "public_key")

    class Media:
        """How a key's lines break on a telephone."""

        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("vault/vault.css",)}

    def get_fields(self, request: HttpRequest, obj: SigningKey | None = None) -> Any:
        """The private half is in none of them."""
        return (*self.fields, "not_after", "kept_by", "public_key")

    def get_urls(self) -> list[URLPattern]:
        """With the two forms in which a public key is handed out."""
        export = self.admin_site.admin_view(self.export)
        return [path("<uuid:object_id>/export/", export, name="vault_signingkey_export"), *super().get_urls()]

    @method_decorator(require_GET)
    def export(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The public key as PEM, or as a JSON Web Key with `?format=jwk`."""
        row = self.get_queryset(request).filter(pk=object_id).first()
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None or request.GET.get("format", "pem") not in ("pem", "jwk"):
            raise Http404
        key = public_key_of(row)
        as_jwk = request.GET.get("format") == "jwk"
        answer = HttpResponse(json.dumps(key.jwk(), indent=2) if as_jwk else key.pem(), JWK if as_jwk else PEM)
        name = f"qenex-{row.purpose}-{row.version}.{'jwk.json' if as_jwk else 'pem'}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, and what stands above it."""
        context = {
            "title": _("Vault"),
            "health": overview.health(),
            "data_keys": overview.data_keys(),
            "rotations": overview.rotations(),
            "going": overview.going(),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @admin.display(description=_("state"))
    def state_shown(self, row: SigningKey) -> str:
        """Where it stands now."""
        return str(row.state.label)

    @admin.display(description=_("private key"))
    def kept_by(self, row: SigningKey) -> str:
        """Where the private half is."""
        if row.wrapped is None:
            return str(_("in the HSM, which never gives it away"))
        return str(_("wrapped under %(kek)s version %(version)s")) % {"kek": row.kek_id, "version": row.kek_version}

    @admin.display(description=_("public key"))
    def public_key(self, row: SigningKey) -> SafeString:
        """As PEM, with links to both files."""
        link = reverse("admin:vault_signingkey_export", args=[row.pk])
        html = '<pre class="pem" tabindex="0">{}</pre><p><a href="{}">{}</a> · <a href="{}?format=jwk">{}</a></p>'
        return format_html(html, public_key_of(row).pem(), link, _("Download as PEM"), link, _("Download as JWK"))


def public_key_of(row: SigningKey) -> PublicKey:
    """The public half of a stored key."""
    return PublicKey(row.kid, row.algorithm, load(bytes(row.public)), row.not_before, row.not_after)
