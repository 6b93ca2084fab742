"""Everything that is held about somebody, as a file for that person."""

import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from compliance.privacy.admin.holds import subject_of
from compliance.privacy.admin.pages import CaseForm, PersonField, PrivacyPage
from compliance.privacy.errors import PrivacyError
from compliance.privacy.exporting import subject_export
from qenex.kernel.context import because


class ExportForm(CaseForm):
    """Whose data, and why."""

    field_order = ("person", "reason")
    person = PersonField()


class ExportSomebody(PrivacyPage):
    """Gives everything that is held about somebody, as a file for that person."""

    permission = "compliance.export_subject"
    title = gettext_lazy("Export what is held about somebody")
    submit = gettext_lazy("Export")
    intro = gettext_lazy("A JSON file for the person it is about (GDPR Art. 15 and 20). What is others' is withheld.")
    form_class = ExportForm

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Calls subject_export, and sends the file."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        to = io.StringIO()
        try:
            with because(form.cleaned_data["reason"]):
                subject_export(subject=subject_of(form.cleaned_data["person"]), to=to)
        except PrivacyError as error:
            form.add_error(None, capfirst(str(error)))
            return self.show(form)
        headers = {"Content-Disposition": 'attachment; filename="personal-data.json"', "Cache-Control": "no-store"}
        return HttpResponse(to.getvalue(), "application/json", headers=headers)

    def back(self) -> str:
        """The list."""
        return reverse("admin:compliance_erasure_changelist")
