"""The one form above the events: who, what, about what, when, and in which request."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from compliance import selectors
from ledger.forms.filters import ALL, READER
from ledger.models import Book
from qenex.kernel import scope

NEWEST, OLDEST = "newest", "oldest"
SUGGESTIONS = "event-types"
"""The id of the list of types that browsers suggest from."""


class MomentInput(forms.DateTimeInput):
    """A date and a time of day, as browsers ask for them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": "1"}, format="%Y-%m-%dT%H:%M:%S")


def _text(label: Any, length: int, **attributes: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=length, widget=forms.TextInput(attrs=attributes))


class EventsForm(forms.Form):
    """Query parameters of the browser of events. All of them are looked up by an index."""

    use_required_attribute = False
    type = _text(_("Type"), 80, list=SUGGESTIONS, autocomplete="off", spellcheck="false")
    subject_type = _text(_("Object's kind"), 40, spellcheck="false")
    subject_id = _text(_("Object"), 64, spellcheck="false")
    actor = _text(_("Actor"), 150, spellcheck="false")
    since = forms.DateTimeField(label=_("From (UTC)"), required=False, widget=MomentInput())
    until = forms.DateTimeField(label=_("Before (UTC)"), required=False, widget=MomentInput())
    request_id = _text(_("Request"), 64, spellcheck="false")
    book = forms.ChoiceField(label=_("Book"), required=False)
    order = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[("", _("Automatic")), (NEWEST, _("Newest first")), (OLDEST, _("Oldest first"))],
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        given = {name: str(data.get(name, "")).strip() for name in self.base_fields}
        super().__init__(given, label_suffix="")
        reached = scope.narrowed(Book.objects.using(READER), "pk").order_by("code")
        self.books = {book.code: book for book in reached}
        choices = [ALL, *((code, f"{code} \N{EN DASH} {book.name}") for code, book in self.books.items())]
        self.fields["book"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def types(self) -> list[str]:
        """What may be typed as a type."""
        return selectors.event_types()

    @property
    def codes(self) -> dict[Any, str]:
        """The books' codes by their ids."""
        return {book.pk: code for code, book in self.books.items()}

    @property
    def in_use(self) -> bool:
        """Whether anything narrows the list."""
        return any(value for name, value in self.data.items() if name != "order")

    @property
    def subject(self) -> tuple[str, str] | None:
        """The one object whose events these are; none where there may be several."""
        found = self.data["subject_type"], self.data["subject_id"]
        return found if all(found) else None

    @property
    def rising(self) -> bool:
        """Whether the oldest comes first: so it does for the story of one object, unless told otherwise."""
        return str(self.data["order"]) == OLDEST or (not self.data["order"] and self.subject is not None)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The events that were asked for. The form is valid."""
        exact = ("subject_type", "subject_id", "actor", "request_id")
        wanted = {name: self.cleaned_data[name] for name in exact if self.cleaned_data[name]}
        if self.cleaned_data["since"]:
            wanted["recorded_at__gte"] = self.cleaned_data["since"]
        if self.cleaned_data["until"]:
            wanted["recorded_at__lt"] = self.cleaned_data["until"]
        if self.cleaned_data["book"]:
            wanted["book_id"] = self.books[self.cleaned_data["book"]].pk
        return rows.filter(**wanted, **self._of_type())

    def _of_type(self) -> dict[str, Any]:
        """One type, or all that begin with what stands before a star."""
        text = self.cleaned_data["type"]
        if not text.endswith("*"):
            return {"type": text} if text else {}
        return {"type__in": [name for name in self.types if name.startswith(text.rstrip("*"))]}
