"""Who asks too often waits, and nobody else does."""

import json
from typing import Any

import pytest
from django.test import Client

from ledger.models import Transfer
from qenex import env
from qenex.access import throttling
from qenex.access.api import throttles
from qenex.access.tokens import family_start
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import transfer
from tests.ledger.api.transports import hot
from tests.support.ledger import Shop, make_shop
from tests.support.signing import make_program

BOOKS = "/api/v1/books"


def ask(token: str = "", address: str = "192.0.2.1", path: str = BOOKS) -> Any:
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(REMOTE_ADDR=address).get(path, headers=shown)


def statuses(count: int, *words: str) -> list[int]:
    return [ask(*words).status_code for _ in range(count)]


@pytest.fixture
def token(database: None) -> str:
    """Of somebody who may look at books."""
    return family_start(user=make_user("ledger.view_book"), method="password").access


def test_a_principal_waits_wherever_it_asks_from_and_others_do_not(token: str, settings: Any) -> None:
    settings.THROTTLE_PRINCIPAL = (2, 60.0)
    assert [ask(token, f"192.0.2.{last}").status_code for last in (1, 2, 3)] == [200, 200, 429]
    other = family_start(user=make_user("ledger.view_book"), method="password").access
    assert statuses(2, other) == [200, 200]


def test_each_sign_in_and_each_key_of_a_user_counts_for_itself(database: None, settings: Any) -> None:
    settings.THROTTLE_PRINCIPAL = (1, 60.0)
    user = make_user("ledger.view_book")
    for _ in range(2):
        assert statuses(2, family_start(user=user, method="password").access) == [200, 429]
        program = make_program(user, "read")
        answers = [Client().get(BOOKS, headers=program.headers("GET", BOOKS)).status_code for _ in range(2)]
        assert answers == [200, 429]


def test_a_refusal_says_which_limit_it_is_and_when_to_come_back(token: str, settings: Any) -> None:
    settings.THROTTLE_PRINCIPAL = (1, 60.0)
    ask(token)
    answer = ask(token)
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert answer.json()["code"] == "throttled"
    assert 59 <= int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Policy"] == '"principal";q=1;w=60'
    assert answer["RateLimit"] == f'"principal";r=0;t={answer["Retry-After"]}'


def test_an_address_waits_whatever_it_shows_and_only_under_api(token: str, settings: Any) -> None:
    settings.THROTTLE_ADDRESS = (2, 60.0)
    assert statuses(2, token) == [200, 200]
    answer = ask(token)
    assert (answer.status_code, answer["RateLimit-Policy"]) == (429, '"address";q=2;w=60')
    assert ask(path="/api/v1/auth/jwks").status_code == 429
    assert ask(path="/api/no-such-thing").status_code == 429
    assert ask(path="/admin/login/").status_code == 200
    assert ask(token, "192.0.2.2").status_code == 200


def test_a_network_of_ipv6_is_one_address(token: str, settings: Any) -> None:
    settings.THROTTLE_ADDRESS = (1, 60.0)
    assert ask(token, "2001:db8::1").status_code == 200
    assert ask(token, "2001:db8::ffff:1").status_code == 429
    assert ask(token, "2001:db8:0:1::1").status_code == 200
    assert [throttling.origin(each) for each in (None, "192.0.2.1")] == ["", "192.0.2.1"]


def test_an_address_that_fails_too_often_is_not_looked_at_any_more(token: str, settings: Any) -> None:
    settings.THROTTLE_FAILURES = (3, 60.0)
    assert statuses(4, "no.such.token") == [401, 401, 401, 429]
    answer = ask(token)
    assert (answer.status_code, answer["RateLimit-Policy"]) == (429, '"failures";q=3;w=60')
    assert statuses(2, token, "192.0.2.2") == [200, 200]


def test_what_is_no_401_is_no_failure(token: str, settings: Any) -> None:
    settings.THROTTLE_FAILURES = (1, 60.0)
    for path, status in ((BOOKS, 200), ("/api/v1/accounts?book=x", 403), ("/api/v1/none", 404)):
        for _ in range(2):
            assert ask(token, path=path).status_code == status


def test_limits_that_are_off_limit_nothing(token: str, settings: Any) -> None:
    settings.THROTTLE_PRINCIPAL = settings.THROTTLE_ADDRESS = settings.THROTTLE_FAILURES = None
    assert statuses(5, token) == [200] * 5
    assert statuses(5, "x") == [401] * 5


def test_without_redis_the_limits_hold_and_it_is_logged_once(
    token: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "unix:///nowhere/redis.sock"}}
    settings.THROTTLE_PRINCIPAL = (4, 60.0)
    assert statuses(5, token) == [200] * 4 + [429]
    for _ in range(4):
        sent = Client().post("/api/v1/auth/refresh", {"refresh": "x"}, "application/json")
        assert sent.status_code == 401
    assert caplog.text.count("requests are not counted") == 1
    assert len(throttles.complaints) == 1


@pytest.mark.parametrize("limit", ["PRINCIPAL", "ADDRESS"])
def test_the_fast_path_leaves_what_is_over_to_django(database: None, settings: Any, limit: str) -> None:
    setattr(settings, f"THROTTLE_{limit}", (2, 60.0))
    shop, user = make_shop(2, funds="100"), make_user("ledger.post_transfer")
    token = family_start(user=user, method="password").access
    answers = [post(shop, {"Authorization": f"Bearer {token}"}) for _ in range(3)]
    assert [answer.status for answer, _ in answers] == [201, 201, 429]
    assert answers[2][0].headers["ratelimit-policy"] == f'"{limit.lower()}";q=2;w=60'
    posted = [Transfer.objects.filter(pk=id).exists() for _, id in answers]
    assert posted == [True, True, False]


def test_what_the_fast_path_gives_on_is_counted_once(database: None, settings: Any) -> None:
    settings.THROTTLE_PRINCIPAL = settings.THROTTLE_ADDRESS = (3, 60.0)
    shop, user = make_shop(2, funds="100"), make_user("ledger.post_transfer")
    headers = {"Authorization": f"Bearer {family_start(user=user, method='password').access}"}
    answers = [post(shop, headers, amount="nothing")[0].status for _ in range(4)]
    assert answers == [400, 400, 400, 429]


def test_an_address_that_fails_too_often_is_not_served_on_the_fast_path(database: None, settings: Any) -> None:
    settings.THROTTLE_FAILURES = (1, 60.0)
    shop, user = make_shop(2, funds="100"), make_user("ledger.post_transfer")
    token = family_start(user=user, method="password").access
    assert post(shop, {"Authorization": "Bearer x.y.z"})[0].status == 401
    answer, id = post(shop, {"Authorization": f"Bearer {token}"})
    assert (answer.status, Transfer.objects.filter(pk=id).exists()) == (429, False)


def post(shop: Shop, headers: dict[str, str], **changes: str) -> tuple[Any, str]:
    """The answer of the fast path, and the id of the transfer."""
    given = transfer(shop, "0.01") | {"book": str(shop.book.pk)} | changes
    body = json.dumps(given).encode()
    return hot("/api/v1/transfers", body, {"Content-Type": "application/json", **headers}), given["id"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("60/min", (60, 60.0)), ("1/s", (1, 1.0)), ("5/hour", (5, 3_600.0)), ("7/day", (7, 86_400.0)), ("off", None)],
)
def test_rates_are_read(monkeypatch: pytest.MonkeyPatch, text: str, rate: tuple[int, float] | None) -> None:
    monkeypatch.setenv("A_RATE", text)
    assert env.rate("A_RATE", "1/s") == rate


@pytest.mark.parametrize("text", ["", "60", "0/s", "-1/s", "1.5/s", "x/s", "60/minute", "/s", "²/s"])
def test_what_is_no_rate_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("A_RATE", text)
    with pytest.raises(env.EnvironmentProblem, match="A_RATE must be off, or a number with /s"):
        env.rate("A_RATE", "1/s")
