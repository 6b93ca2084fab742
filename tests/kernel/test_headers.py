"""Every answer carries the whole set of headers, and no page needs more than they allow."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from csp.utils import build_policy
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.urls.converters import IntConverter, SlugConverter, UUIDConverter

from qenex.kernel import headers
from qenex.kernel.transactions import Busy
from tests.kernel.conftest import make_user
from tests.ledger.admin.conftest import sign_in
from tests.support.ledger import give, hold, make_shop, post
from tests.support.pages import refused

POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
FIXED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
DOCS = "/api/v1/docs"
NOBODYS = "01920000-0000-7000-8000-000000000000"
"""An id in addresses, the same in every process that collects the tests."""


def policy(answer: Any) -> dict[str, list[str]]:
    """The directives of an answer's policy."""
    return {words[0]: words[1:] for part in answer["Content-Security-Policy"].split(";") if (words := part.split())}


def check(answer: Any, address: str) -> None:
    """The whole set is there, once and unweakened."""
    for name, value in FIXED.items():
        assert answer[name] == value, (address, name)
    expected = POLICY | ({"img-src": ["'self'", "data:"]} if address.startswith(DOCS) else {})
    assert policy(answer) == expected, address
    assert answer["Cache-Control"], address
    assert "camera=()" in answer["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer
    check_type(answer, address)


def check_type(answer: Any, address: str) -> None:
    """The body is what its type says, in a character set that is named where the type leaves it open."""
    kind = answer.get("Content-Type", "")
    if kind.startswith("text/"):
        assert "charset=utf-8" in kind.lower().replace('"', ""), address
    elif kind in ("application/json", "application/problem+json"):
        json.loads(answer.content)
    elif answer.content:
        assert kind.startswith(("application/vnd.oai.openapi", "application/javascript")), (address, kind)


def addresses(patterns: Sequence[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """An address for every pattern; nothing is behind its parameters."""
    for pattern in patterns:
        route = f"{prefix}{_filled(pattern)}"
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route


def _filled(pattern: Any) -> str:
    route = getattr(pattern.pattern, "_route", None)
    if route is None:  # a regular expression: the admin's page for what is nowhere
        return "nowhere"
    for name, converter in pattern.pattern.converters.items():
        value = {IntConverter: "1", SlugConverter: "nothing", UUIDConverter: NOBODYS}.get(type(converter), "nothing")
        for kind in ("", "int:", "slug:", "uuid:", "str:", "path:"):
            route = route.replace(f"<{kind}{name}>", value)
    assert "<" not in route, route
    return str(route)


EVERY = sorted(set(addresses(get_resolver().url_patterns)) | {"/livez", "/readyz", "/metrics", "/nowhere", "/static/x"})


@pytest.fixture
def boss(database: None) -> Client:
    """Somebody who may do everything, and sees what strangers see of a defect."""
    client = sign_in(make_user(is_staff=True, is_superuser=True))
    client.raise_request_exception = False
    return client


def test_every_address_is_walked() -> None:
    assert len(EVERY) > 60
    assert {"/admin/", "/admin/login/", DOCS, "/api/v1/transfers", "/readyz"} <= set(EVERY)


@pytest.mark.parametrize("address", EVERY)
def test_strangers_and_staff_get_the_whole_set(boss: Client, address: str) -> None:
    for client in (Client(raise_request_exception=False), boss):
        for method in ("GET", "POST", "TRACE"):
            answer = client.generic(method, address)
            assert answer.status_code < 500, (method, address)
            check(answer, address)
            if answer["Content-Type"].startswith("text/html"):
                assert refused(answer.content.decode()) == [], (method, address)


def _pages() -> Iterator[str]:
    for model in admin.site._registry:
        yield f"{model._meta.app_label}/{model._meta.model_name}"


@pytest.mark.parametrize("name", sorted(_pages()))
def test_no_page_of_the_admin_needs_more_than_the_policy_allows(boss: Client, name: str) -> None:
    shop = make_shop(2, funds="100")
    post(shop.book, give(shop.cash, shop.pair[0], 5), hold(*shop.pair, 7))
    model = apps.get_model(name.replace("/", "."))
    found = model._default_manager.order_by("pk").last()
    seen = []
    for page in ("", "add/", f"{found.pk}/change/", f"{found.pk}/history/", f"{found.pk}/delete/") if found else ("",):
        answer = boss.get(f"/admin/{name}/{page}")
        check(answer, name)
        assert refused(answer.content.decode()) == [], page
        assert "no-store" in answer["Cache-Control"]
        if answer.status_code == 200:
            assert b'action="/admin/logout/"' in answer.content, page
        seen.append(answer.status_code)
    assert 200 in seen


def broken(request: HttpRequest) -> HttpResponse:
    """A defect."""
    raise RuntimeError("the secret is 42")


def crooked(request: HttpRequest) -> HttpResponse:
    """A request that nobody sends by accident."""
    raise SuspiciousOperation("the secret is 42")


def busy(request: HttpRequest) -> HttpResponse:
    """A command that was tried for too long."""
    raise Busy("42")


def generous(request: HttpRequest) -> HttpResponse:
    """A view that would like to be laxer."""
    lax = {"X-Frame-Options": "SAMEORIGIN", "Cross-Origin-Opener-Policy": "unsafe-none", "Cache-Control": "max-age=9"}
    return HttpResponse("fine", headers=lax)


@pytest.mark.parametrize(
    ("view", "status", "said"),
    [
        (broken, 500, b"<h1>Server Error (500)</h1>"),
        (busy, 503, b"<h1>Busy</h1>"),
        (crooked, 400, b"<h1>Bad Request (400)</h1>"),
        (generous, 200, b"fine"),
    ],
)
def test_pages_of_errors_carry_it_and_say_nothing(settings: Any, view: Any, status: int, said: bytes) -> None:
    settings.ROOT_URLCONF = type(
        "Urls", (), {"urlpatterns": [path("x", view)], "handler500": "qenex.kernel.handlers.server_error"}
    )
    answer = Client(raise_request_exception=False).get("/x")
    assert answer.status_code == status
    assert said in answer.content
    assert b"42" not in answer.content
    check(answer, "/x")


def test_a_host_that_is_not_ours_gets_it_too() -> None:
    answer = Client().get("/admin/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    check(answer, "/admin/")


@pytest.mark.parametrize(
    ("seconds", "scheme", "value"),
    [
        (31_536_000, "https", "max-age=31536000; includeSubDomains; preload"),
        (31_536_000, "http", None),
        (0, "https", None),
    ],
)
def test_tls_is_asked_for_where_there_is_tls(settings: Any, seconds: int, scheme: str, value: str | None) -> None:
    settings.SECURE_HSTS_SECONDS = seconds
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    client: Any = Client()
    for address in ("/livez", "/api/v1/nothing", "/nowhere"):
        assert client.get(address, secure=scheme == "https").get("Strict-Transport-Security") == value


def test_the_names_of_the_features_are_denied_but_for_passkeys_and_copying() -> None:
    allowed = [part for part in headers.FIXED["Permissions-Policy"].split(", ") if not part.endswith("=()")]
    assert allowed == [
        "clipboard-write=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]


def test_what_an_answer_has_is_kept_and_what_it_lacks_is_added() -> None:
    given = [(b"Cache-Control", b"max-age=60"), (b"content-security-policy", b"default-src 'none'")]
    found = dict(headers.completed(given, secure=False))
    assert found[b"Cache-Control"] == b"max-age=60"
    assert found[b"content-security-policy"] == b"default-src 'none'"
    assert b"cache-control" not in found
    assert found[b"x-frame-options"] == b"DENY"


@pytest.mark.parametrize(
    ("proxied", "scheme", "forwarded", "secure"),
    [
        (False, "https", [], True),
        (False, "http", [b"https"], False),
        (True, "http", [b"https"], True),
        (True, "http", [b"http"], False),
        (True, "http", [b"https", b"http"], False),
        (True, "http", [], False),
    ],
)
def test_whether_a_request_came_by_tls(proxied: bool, scheme: str, forwarded: list[bytes], secure: bool) -> None:
    scope = {"scheme": scheme, "headers": [(b"x-forwarded-proto", value) for value in forwarded]}
    assert headers.is_secure(scope, proxied=proxied) is secure


def test_the_policy_of_answers_past_django_is_the_same() -> None:
    raw = dict(headers.completed([], secure=False))[b"content-security-policy"].decode()
    assert sorted(raw.split("; ")) == sorted(build_policy().split("; "))
    assert policy({"Content-Security-Policy": raw}) == POLICY
    assert "unsafe" not in raw
