"""Books: the start of every look at the ledger."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.base import LedgerAdmin
from ledger.admin.commands import CommandPage
from ledger.admin.trial import TrialBalancePage
from ledger.choices import BookStatus
from ledger.forms.fields import ReasonForm
from ledger.models import Book
from ledger.selectors.summaries import CAP, BookSummary, book_summaries
from qenex.kernel import scope


class BookForm(forms.Form):
    """A new book."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=64,
        help_text=gettext_lazy("Short and for ever: letters, digits, dots, dashes and underscores."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


class RenameForm(ReasonForm):
    """Another name for a book."""

    field_order = ("name", "reason")
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


class AddBook(CommandPage):
    """Opens a book."""

    label = gettext_lazy("Add book")
    permission = "ledger.add_book"
    form_class = BookForm

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls book_create."""
        book = services.book_create(code=data["code"], name=data["name"])
        return shown.page("book", book.pk), _("The book %(book)s was opened.") % {"book": book}


class RenameBook(CommandPage):
    """Gives a book another name."""

    label = gettext_lazy("Rename")
    permission = "ledger.change_book"
    approval_command = "ledger.book.update"
    form_class = RenameForm

    def initial(self) -> dict[str, Any]:
        """The present name."""
        return {"name": self.subject.name}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls book_update."""
        services.book_update(book=self.subject, version=self.seen(), name=data["name"])
        return shown.page("book", self.subject.pk), _("The book was renamed.")


class CloseBook(CommandPage):
    """Closes a book."""

    label = gettext_lazy("Close")
    submit = gettext_lazy("Close the book")
    permission = "ledger.change_book"
    approval_command = "ledger.book.update"
    form_class = ReasonForm
    danger = True

    @classmethod
    def available(cls, subject: Book) -> bool:
        """Open books."""
        return subject.status == BookStatus.OPEN

    def context(self) -> dict[str, Any]:
        """What it means."""
        return {"intro": _("A closed book refuses every transfer until it is opened again.")}

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls book_update."""
        services.book_update(book=self.subject, version=self.seen(), status=BookStatus.CLOSED)
        return shown.page("book", self.subject.pk), _("The book was closed.")


class OpenBook(CommandPage):
    """Opens a closed book again."""

    label = gettext_lazy("Open again")
    submit = gettext_lazy("Open the book again")
    permission = "ledger.change_book"
    approval_command = "ledger.book.update"
    form_class = ReasonForm

    @classmethod
    def available(cls, subject: Book) -> bool:
        """Closed books."""
        return subject.status == BookStatus.CLOSED

    def carry_out(self, data: dict[str, Any]) -> tuple[str, str]:
        """Calls book_update."""
        services.book_update(book=self.subject, version=self.seen(), status=BookStatus.OPEN)
        return shown.page("book", self.subject.pk), _("The book is open again.")


@admin.register(Book)
class BookAdmin(LedgerAdmin[Book]):
    """Legal entities' sets of accounts."""

    keyset = ("code",)
    book_column = "pk"
    list_display = ("code", "name", "state", "accounts", "open_holds", "last_posting", "go_to")
    fields = (("code", "name", "state"), ("created_at", "id"))
    readonly_fields = ("code", "name", "state", "created_at", "id")
    event_subject = "book"
    add_page = AddBook
    commands = {"rename": RenameBook, "close": CloseBook, "open": OpenBook}

    def get_urls(self) -> list[URLPattern]:
        """The trial balance besides."""
        report = self.protected(TrialBalancePage.as_view(model_admin=self))
        return [path("trial-balance/", report, name="ledger_trial_balance"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the user may open a book: whoever reaches only some would not reach the new one."""
        return super().has_add_permission(request) and scope.books() is None

    def complete(self, page: list[Book], using: str) -> None:
        """The summaries."""
        summaries = book_summaries([book.pk for book in page], using=using)
        for book in page:
            vars(book)["summary"] = summaries[book.pk]

    def page_context(self, request: HttpRequest, subject: Book) -> dict[str, Any]:
        """Where to go from here."""
        return {"links": links(subject)}

    @admin.display(description=gettext_lazy("status"))
    def state(self, book: Book) -> SafeString:
        """The status in its colour."""
        return shown.status(book.status, book.get_status_display())

    @admin.display(description=gettext_lazy("accounts"))
    def accounts(self, book: Book) -> SafeString:
        """How many, linked to the chart."""
        url = f"{reverse('admin:ledger_account_tree')}?book={book.code}"
        return format_html('<a href="{}">{}</a>', url, capped(summary(book).accounts))

    @admin.display(description=gettext_lazy("open holds"))
    def open_holds(self, book: Book) -> SafeString:
        """How many, linked to their list."""
        url = shown.listing("hold", book=book.code)
        return format_html('<a href="{}">{}</a>', url, capped(summary(book).open_holds))

    @admin.display(description=gettext_lazy("last posting"), empty_value=shown.DASH)
    def last_posting(self, book: Book) -> Any:
        """When something was last posted."""
        return summary(book).last_posted_at

    @admin.display(description=gettext_lazy("go to"))
    def go_to(self, book: Book) -> SafeString:
        """The book's pages."""
        found = [format_html('<a href="{}">{}</a>', url, label) for url, label in links(book)]
        return SafeString(" · ".join(found))


def summary(book: Book) -> BookSummary:
    """The summary that `complete` fetched."""
    found: BookSummary = vars(book)["summary"]
    return found


def capped(count: int) -> str:
    """A count that stops at a limit."""
    return f"{count:,}" + ("+" if count >= CAP else "")


def links(book: Book) -> list[tuple[str, str]]:
    """The pages of a book: address and label."""
    query = f"?book={book.code}"
    return [
        (reverse("admin:ledger_account_tree") + query, _("Chart of accounts")),
        (shown.listing("transfer", book=book.code), _("Transfers")),
        (shown.listing("journal", book=book.code), _("Journals")),
        (reverse("admin:ledger_trial_balance") + query, _("Trial balance")),
    ]
