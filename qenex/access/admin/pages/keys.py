"""One's own API key: its secret is collected here, by nobody else, and shown once."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from qenex.access import stepup
from qenex.access.admin.pages.common import Page
from qenex.access.apikeys import ApiKeyError, Secret, apikey_collect, apikey_retire, apikey_revoke, apikey_rotate
from qenex.access.models import ApiKey, ApiKeySecret
from qenex.access.scopes import catalog
from qenex.kernel import clock

SHOWING: dict[str, Callable[..., Secret]] = {"collect": apikey_collect, "rotate": apikey_rotate}
"""What one does that makes a secret, which is shown."""
ENDING: dict[str, Callable[..., ApiKey]] = {"retire": apikey_retire, "revoke": apikey_revoke}


class OwnKey(Page):
    """What a key of one's own is for, and what can be done with it; the second factor is asked for before."""

    template_name = "access/own_key.html"
    needs_all = True

    @stepup.required
    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """The key. Raises Http404 for another's."""
        return self._page(self._mine(key))

    @stepup.required
    def post(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Does what was asked for: a new secret is shown in the answer, and by no other. Raises Http404."""
        mine, do = self._mine(key), request.POST.get("do", "")
        try:
            if do in SHOWING:
                return self._tell(SHOWING[do](key=mine.pk))
            if do in ENDING:
                ENDING[do](key=mine.pk)
                messages.success(request, _("It is done. What goes on signing with it is refused within a second."))
        except ApiKeyError as error:
            messages.error(request, str(error))
        return redirect(reverse("admin:security_key", args=[mine.pk]))

    def _mine(self, key: UUID) -> ApiKey:
        """Nobody learns of another's key here."""
        return get_object_or_404(ApiKey, pk=key, owner=self.person)

    def _tell(self, made: Secret) -> HttpResponse:
        self.template_name = "access/apikey_secret.html"
        title = _("The secret of %(name)s") % {"name": made.key.name}
        answer = self.show({"title": title, "made": made, "onward": reverse("admin:security")})
        answer["Cache-Control"] = "no-store"
        return answer

    def _page(self, key: ApiKey) -> HttpResponse:
        names = dict(catalog()) if key.books else {}
        return self.show(
            {
                "title": _("API key %(name)s") % {"name": key.name},
                "key": key,
                "expired": key.expires_at is not None and key.expires_at <= clock.now(),
                "books": [names.get(book, str(book)) for book in key.books],
                "secrets": ApiKeySecret.objects.filter(key=key, retired_at=None).count(),
            }
        )
