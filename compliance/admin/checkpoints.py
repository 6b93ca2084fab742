"""Checkpoints: what was signed and by whom, how the sealer is, and what an outsider needs to check it all."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from compliance import selectors
from compliance.admin.base import TrailAdmin
from compliance.admin.exports import ExportPage
from compliance.models import Checkpoint, TrailCheck
from compliance.sealing import figures, keys
from compliance.sealing.cosigning.witnesses import EntryInvalid, parse
from compliance.sealing.figures import Figures
from compliance.sealing.turns import look
from ledger.admin.shown import DASH
from qenex.admin import KeysetChangeList
from qenex.vault.errors import VaultError

LATE_SECONDS = 5.0
"""A lag above it is worth a word."""


class CheckpointChangeList(KeysetChangeList):
    """A page of checkpoints, with who signed each beside us."""

    def get_results(self, request: HttpRequest) -> None:
        """One page."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        signed = selectors.cosignatures(row.size for row in rows)
        for row in rows:
            row.witnessed = signed.get(row.size, [])


@admin.register(Checkpoint)
class CheckpointAdmin(TrailAdmin[Checkpoint]):
    """The list, below the state of the trail; and a page for each."""

    keyset = ("-size",)
    page_template = "compliance/admin/checkpoint.html"
    event_subject = "trail"
    list_display = ("size_shown", "signed_shown", "root_shown", "witnesses", "kid")
    list_display_links = ("size_shown",)
    list_per_page = 50
    change_list_template = "compliance/admin/checkpoints.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """The list class."""
        return CheckpointChangeList

    def get_urls(self) -> list[URLPattern]:
        """With the note as a file, and exports."""
        note = self.admin_site.admin_view(self.note)
        export = self.admin_site.admin_view(ExportPage.as_view())
        return [
            path("export/", export, name="compliance_checkpoint_export"),
            path("<path:object_id>/note/", note, name="compliance_checkpoint_note"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, and what stands above it."""
        extra = {"title": _("Audit trail"), "vkeys": vkeys(), "witnesses": selectors.witnesses(), **state()}
        extra["witness_keys"] = witness_keys()
        extra["last_check"] = TrailCheck.objects.order_by("-requested_at").first()
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def page_title(self, subject: Checkpoint) -> str:
        """By its size."""
        return _("Checkpoint %(size)s") % {"size": subject.size}

    def subject_of(self, subject: Checkpoint) -> str:
        """Checkpoints have no events of their own: those of the log."""
        return str(settings.TRAIL_ORIGIN)[:64]

    def page_context(self, request: HttpRequest, subject: Checkpoint) -> dict[str, Any]:
        """The note, and the lines of witnesses."""
        return {
            "checkpoint": subject,
            "root": bytes(subject.root).hex(),
            "note": selectors.published(subject),
            "cosignatures": selectors.cosignatures([subject.size]).get(subject.size, []),
            "vkeys": vkeys(),
        }

    @method_decorator(require_GET)
    def note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The signed note as a file, as verifiers take it."""
        found = self.found(request, object_id)
        answer = HttpResponse(selectors.published(found), "text/plain; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="checkpoint-{found.size}.txt"'
        return answer

    @admin.display(description=gettext_lazy("size"))
    def size_shown(self, row: Checkpoint) -> str:
        """How many events it covers."""
        return f"{row.size:,}"

    @admin.display(description=gettext_lazy("signed (UTC)"))
    def signed_shown(self, row: Checkpoint) -> str:
        """When, to the millisecond."""
        return row.signed_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    @admin.display(description=gettext_lazy("root"))
    def root_shown(self, row: Checkpoint) -> str:
        """The beginning of the root."""
        return f"{bytes(row.root).hex()[:16]}…"

    @admin.display(description=gettext_lazy("witnesses"), empty_value=DASH)
    def witnesses(self, row: Any) -> str | None:
        """Who signed it beside us."""
        return ", ".join(each.witness for each in row.witnessed) or None


def witness_keys() -> list[str]:
    """The keys of the witnesses that are asked; none where the setting cannot be read, which a system check says."""
    try:
        return [entry.vkey for entry in parse(settings.WITNESSES)]
    except EntryInvalid:
        return []


def vkeys() -> list[str] | None:
    """The keys of the log; none where the vault cannot tell."""
    try:
        return keys.vkeys()
    except VaultError:
        return None


def state() -> dict[str, Any]:
    """How far behind the sealer is; nothing where it cannot be asked now."""
    try:
        with look() as turn:
            found: Figures | None = figures.look(turn)
    except Error:
        found = None
    return {"figures": found, "late": found is not None and found.lag > LATE_SECONDS}
