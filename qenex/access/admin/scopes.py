"""The books that a user reaches: shown on the user's page, and changed on a page of their own."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from qenex.access import scopes, stepup
from qenex.access.admin.asking import ask
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import BookScope
from qenex.kernel import scope
from qenex.kernel.context import because

EVERY, SOME = "every", "some"
CHANGE = "access.change_bookscope"

if TYPE_CHECKING:
    FormSet = BaseInlineFormSet[BookScope, User, forms.ModelForm[BookScope]]
    Inline = admin.TabularInline[BookScope, User]
else:
    FormSet, Inline = BaseInlineFormSet, admin.TabularInline


class BooksFormSet(FormSet):
    """What the inline shows."""

    def reached(self) -> list[str] | None:
        """The books by what people call them, as far as the reader reaches them himself; none for every book."""
        books, names = scopes.books_of(self.instance), dict(scopes.catalog())
        return None if books is None else sorted(name for id, name in names.items() if id in books)


class BookScopeInline(Inline):
    """The books on the user's page, to be looked at: the page of their own asks for a reason and makes the event."""

    model = BookScope
    formset = BooksFormSet
    template = "access/books_inline.html"
    extra = max_num = 0
    can_delete = False
    fields = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


class BooksForm(forms.Form):
    """Every book, or some of them."""

    reach = forms.ChoiceField(
        label=gettext_lazy("Reaches"),
        choices=[(EVERY, gettext_lazy("Every book")), (SOME, gettext_lazy("Only these books"))],
        widget=forms.RadioSelect,
    )
    books = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Books"), coerce=UUID, required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("It is kept in the event log for ever."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["books"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(id), name) for id, name in scopes.catalog()]

    def clean(self) -> dict[str, Any]:
        """Sees to it that whoever is to reach only some books reaches one at least."""
        cleaned = self.cleaned_data
        if cleaned.get("reach") == SOME and not cleaned.get("books") and "books" not in self.errors:
            self.add_error("books", _("Choose at least one book; who is to reach none has no role."))
        return cleaned

    def chosen(self) -> list[UUID] | None:
        """What the service takes. The form is valid."""
        return None if self.cleaned_data["reach"] == EVERY else self.cleaned_data["books"]


class BooksPage(stepup.StepUpMixin, View):
    """GET shows which books a user reaches, POST changes it: for administrators with a fresh second factor."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lets in who may."""
        if not admin.site.has_permission(request):
            return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
        if not request.user.has_perm(CHANGE) or scope.books() is not None:
            raise PermissionDenied
        self.user = get_object_or_404(User, pk=kwargs.pop("user_id"))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, with what is so now."""
        reached = scopes.books_of(self.user)
        initial = {"reach": EVERY if reached is None else SOME, "books": [str(id) for id in reached or ()]}
        return self.show(BooksForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Calls scope_set, or shows what stands against it."""
        form = BooksForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        reason = form.cleaned_data["reason"]
        try:
            with because(reason):
                scopes.scope_set(user=self.user, books=form.chosen())
        except ApprovalRequired as needed:
            return ask(request, needed, reason=reason)
        messages.success(request, _("The books that %(user)s reaches were set.") % {"user": self.user})
        return redirect(reverse("admin:auth_user_change", args=[self.user.pk]))

    def show(self, form: BooksForm) -> HttpResponse:
        """The page."""
        context = {
            **admin.site.each_context(self.request),
            "title": _("Books in reach of %(user)s") % {"user": self.user},
            "form": form,
            "subject": self.user,
            "opts": User._meta,
        }
        return TemplateResponse(self.request, "access/books.html", context)
