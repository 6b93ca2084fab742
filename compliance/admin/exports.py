"""A range of the log to take home: a signed bundle, made while one waits."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from compliance import selectors
from compliance.admin.eventform import MomentInput
from compliance.errors import NoCheckpoint, OutOfTree
from compliance.exporting import log_export
from compliance.exporting.reading import Incomplete
from qenex.access import stepup
from qenex.kernel import scope
from qenex.kernel.context import because

EXPORT = "compliance.export_log"
LARGEST = 100_000
"""Events that a page exports: some seconds. More is for `manage.py export_log`."""


class ExportForm(forms.Form):
    """Which part of the log, and why: by positions or by time."""

    start = forms.IntegerField(
        label=gettext_lazy("From position"),
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        help_text=gettext_lazy("Give positions or times. What is left empty is the beginning or the end of the log."),
    )
    end = forms.IntegerField(label=gettext_lazy("Before position"), required=False, min_value=1, max_value=2**63 - 1)
    since = forms.DateTimeField(label=gettext_lazy("From (UTC)"), required=False, widget=MomentInput())
    until = forms.DateTimeField(label=gettext_lazy("Before (UTC)"), required=False, widget=MomentInput())
    transfers = forms.BooleanField(label=gettext_lazy("With the transfers"), required=False, initial=True)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("It is kept in the event log for ever."),
    )

    def clean(self) -> dict[str, Any]:
        """Positions or times, not both; and a range that is signed and not too large."""
        given = self.cleaned_data
        times = given.get("since") or given.get("until")
        if times and (given.get("start") is not None or given.get("end") is not None):
            raise forms.ValidationError(_("Give positions or times, not both."))
        if not self.errors:
            given["range"] = self._range(given, times)
        return given

    def _range(self, given: dict[str, Any], times: datetime | None) -> tuple[int, int]:
        try:
            size = selectors.newest().size
        except NoCheckpoint:
            raise forms.ValidationError(_("Nothing was signed yet.")) from None
        if times:
            start, end = selectors.positions_between(given.get("since"), given.get("until"), size)
        else:
            start, end = given.get("start") or 0, given["end"] if given.get("end") is not None else size
        if not 0 <= start < end <= size:
            raise forms.ValidationError(
                _("The newest checkpoint covers no such range: it has %(size)s events.") % {"size": f"{size:,}"}
            )
        if end - start > LARGEST:
            raise forms.ValidationError(
                _("These are %(count)s events. More than %(largest)s are exported by manage.py export_log.")
                % {"count": f"{end - start:,}", "largest": f"{LARGEST:,}"}
            )
        return start, end


class ExportPage(stepup.StepUpMixin, View):
    """The form, and the bundle."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may: somebody who reaches every book, for all are in it."""
        if not request.user.has_perm(EXPORT) or scope.books() is not None:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The form."""
        return self.show(ExportForm())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """The bundle as a file, or the form with what stands against it."""
        form = ExportForm(request.POST)
        if form.is_valid():
            try:
                return self.bundle(form.cleaned_data)
            except (OutOfTree, NoCheckpoint):
                form.add_error(None, _("There is no such range under the newest checkpoint."))
            except Incomplete as problem:
                form.add_error(None, _("%(problem)s: verify the trail.") % {"problem": str(problem).capitalize()})
        return self.show(form)

    def bundle(self, data: dict[str, Any]) -> HttpResponseBase:
        """Writes it, records that, and sends it. What was written is gone when it was sent."""
        start, end = data["range"]
        name = f"qenex-log-{start}-{end}.tar.gz"
        with temporary() as folder, because(data["reason"]):
            target = folder / name
            made = log_export(target=target, start=start, end=end, transfers=data["transfers"])
            file = target.open("rb")  # stays readable when its name is gone
        answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/gzip")
        answer["X-Manifest-SHA256"] = made.digest
        return answer

    def show(self, form: ExportForm) -> HttpResponse:
        """The page."""
        context = {
            **admin.site.each_context(self.request),
            "title": _("Export a range of the log"),
            "form": form,
            "intro": _("A bundle that proves itself: events, proofs, checkpoint and keys, for the verifier."),
            "submit": _("Export"),
            "back": reverse("admin:compliance_checkpoint_changelist"),
            "inside": True,
        }
        return TemplateResponse(self.request, "access/command.html", context)


@contextmanager
def temporary() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="qenex-export-") as name:
        yield Path(name)
