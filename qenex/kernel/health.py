"""/livez, /readyz and /metrics: answered before sessions, hosts and logs, so that a probe touches nothing else."""

import hmac
import time
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django_prometheus.exports import ExportToDjangoView
from redis import Redis

from qenex.kernel.middleware import is_loopback

OK, DEGRADED = "ok", "degraded"
TEXT = "text/plain; charset=utf-8"
SECONDS = 2
"""How long Redis may take to answer."""


class Unready(Exception):
    """A check that ran and found something amiss; the message is shown."""


class Degraded(Unready):
    """Something that somebody should look at, while the process serves as before; the message is shown."""


class HealthMiddleware:
    """Answers the three addresses itself and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.pages = {"/livez": livez, "/readyz": readyz, "/metrics": metrics}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page, to GET and HEAD; the rest of Django for other paths."""
        page = self.pages.get(request.path)
        if page is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = page(request)
        response["Cache-Control"] = "no-store"
        return response


def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", TEXT)


def readyz(request: HttpRequest) -> HttpResponse:
    """What the process needs is there; 503 and the name of what is not. What is only amiss does not stop traffic."""
    further = {name: import_string(path) for name, path in settings.READY_CHECKS.items()}
    checks = {name: _result(check) for name, check in {**CHECKS, **further}.items()}
    found = {check["status"] for check in checks.values()}
    status = next((each for each in ("failed", DEGRADED) if each in found), OK)
    return JsonResponse({"status": status, "checks": checks}, status=503 if status == "failed" else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' figures: with METRICS_TOKEN for its bearer, without one for this machine only."""
    if settings.METRICS_TOKEN:
        given = request.META.get("HTTP_AUTHORIZATION", "").encode()
        if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    elif not is_loopback(request.META):
        return HttpResponse("Set METRICS_TOKEN to read the metrics from elsewhere.\n", TEXT, 403)
    response: HttpResponse = ExportToDjangoView(request)
    return response


def check_writer() -> None:
    """The writer's database answers and is no standby. Raises Unready."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        if cursor.fetchone() != (False,):
            raise Unready("a standby")


def check_reader() -> None:
    """The reader's database answers."""
    with connections["reader"].cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """No migration is left to apply. Raises Unready."""
    executor = MigrationExecutor(connections["default"])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise Unready(f"{len(waiting)} not applied")


def check_redis() -> None:
    """Redis answers."""
    with Redis.from_url(settings.REDIS_LOCATION, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
        client.ping()


CHECKS: Mapping[str, Callable[[], None]] = {
    "database": check_writer,
    "reader": check_reader,
    "migrations": check_migrations,
    "redis": check_redis,
}
"""The kernel's own; the setting READY_CHECKS names those of other apps."""


def _result(check: Callable[[], None]) -> dict[str, str | float]:
    started = time.perf_counter()
    result: dict[str, str | float] = {"status": "ok"}
    try:
        check()
    except Degraded as problem:
        result = {"status": DEGRADED, "detail": str(problem)}
    except Unready as problem:
        result = {"status": "failed", "detail": str(problem)}
    except Exception as error:  # noqa: BLE001  # whatever it is, we are not ready; its text may hold addresses
        result = {"status": "failed", "detail": type(error).__name__}
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
    return result | {"milliseconds": round(1000 * (time.perf_counter() - started), 1)}
