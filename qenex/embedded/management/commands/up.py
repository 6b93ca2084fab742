"""Run the whole back office: servers, migrations, static files, demo data, web server, task worker and its clock."""

import io
import os
import shutil
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from qenex import env
from qenex.embedded import first_run, static, tls
from qenex.embedded.disk import check_space
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.output import Console
from qenex.embedded.paths import metrics_dir
from qenex.embedded.plan import Plan
from qenex.embedded.ports import check_port, check_reach
from qenex.embedded.single import only_one
from qenex.embedded.supervisor import Servers, Supervisor, stoppable
from qenex.kernel import wakeups

FIRST_TIME = (
    "The first time, an authenticator app or a passkey is set up; without an app,\n"
    "manage.py totp prints the codes of the secret that the page shows."
)


class Command(BaseCommand):
    """`manage.py up`"""

    help = "Run QENEX on this machine until Ctrl-C."
    requires_system_checks: list[str] = []  # Django's own declaration; `check` runs in `make lint`

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", type=int, default=env.integer("PORT", 8000))
        parser.add_argument("--workers", type=int, default=env.integer("WEB_WORKERS", 1), help="web processes")
        parser.add_argument(
            "--tls",
            action="store_true",
            default=settings.TLS or bool(settings.TLS_KEY),
            help="TLS 1.3, and nothing else",
        )
        parser.add_argument("--no-demo", action="store_true", help="load no demo data and make no demo user")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(everything=options["verbosity"] > 1)
        servers = Servers(settings.VAR, database=settings.EMBEDDED_POSTGRES, messages=settings.EMBEDDED_REDIS)
        with stoppable():
            try:
                plan = _plan(options)
                with only_one(plan.var, console) as lock:
                    check_port(plan.host, plan.port)
                    check_space(plan.var)
                    supervisor = Supervisor(servers, plan.programs(), console, lock)
                    _run(supervisor, plan, servers, console, demo=not options["no_demo"])
            except (EmbeddedError, OperationalError) as error:
                raise CommandError(str(error).strip()) from None
            except KeyboardInterrupt:
                console.say("QENEX has stopped.")


def _plan(options: dict[str, Any]) -> Plan:
    """Raises EmbeddedError where the certificate is no good, or none is there and one is needed."""
    check_reach(options["host"], tls=options["tls"], proxies=settings.TRUSTED_PROXIES)
    identity = _identity() if options["tls"] else None
    tasks = env.integer("TASK_WORKERS", 1)
    named = "QENEX_WITNESSES" in os.environ or "QENEX_WITNESSES_FILE" in os.environ
    witness = settings.EMBEDDED and not named
    return Plan(settings.VAR, options["host"], options["port"], options["workers"], tasks, identity, witness)


def _identity() -> tls.Identity:
    if settings.TLS_CERT or settings.TLS_KEY:
        return tls.own(settings.TLS_CERT, settings.TLS_KEY)
    return tls.development(settings.VAR)


def _run(supervisor: Supervisor, plan: Plan, servers: Servers, console: Console, *, demo: bool) -> None:
    try:
        welcome = _prepare(plan, servers, console, demo=demo and settings.EMBEDDED_POSTGRES)
        trust = plan.tls.client() if plan.tls else None
        supervisor.run(f"{plan.address}/livez", lambda: console.say(welcome), trust)
    except KeyboardInterrupt:
        console.say("\nStopping ...")
        raise
    finally:
        _disconnect()
        supervisor.stop()


def _count_from_zero(plan: Plan) -> None:
    directory = metrics_dir(plan.var)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()


def _prepare(plan: Plan, servers: Servers, console: Console, *, demo: bool) -> str:
    """Everything before the first request; the text to print when it can be answered."""
    for name in servers.ensure_running():
        console.say(f"{name} has started.")
    call_command("migrate", interactive=False, verbosity=0)
    console.say("The database is ready.")
    if plan.witness:
        _introduce_witness(plan)
    if static.collect():
        console.say("Static files are collected.")
    _count_from_zero(plan)
    lines = ["", f"QENEX runs at {plan.page}/admin/"]
    if demo:
        if first_run.load_demo():
            console.say("Demo data is loaded.")
        sign_in = first_run.ensure_sign_in(plan.var)
        lines += [_how_to_sign_in(sign_in), *_how_to_get_a_token(sign_in)]
    if plan.tls and not settings.TLS_CERT:
        lines.append(f"The certificate is this machine's own; its SHA-256 is\n  {plan.tls.fingerprint()}")
    _disconnect()
    return "\n".join([*lines, f"API: {plan.page}/api/v1/docs   logs: {plan.var / 'log'}   Ctrl-C stops it."])


def _introduce_witness(plan: Plan) -> None:
    """Tells the witness the log's keys, and the log the witness's."""
    words = [f"--dir={plan.witness_dir}", "--name=localhost/witness", f"--address={plan.witness_address}"]
    call_command("witness", "init", "--own-log", *words, stdout=io.StringIO())


def _how_to_sign_in(sign_in: first_run.SignIn) -> str:
    if sign_in.password is None:
        return f"Sign in as {sign_in.user} with the password you have set."
    return f"Sign in as {sign_in.user} with the password {sign_in.password}\n{FIRST_TIME}"


def _how_to_get_a_token(sign_in: first_run.SignIn) -> list[str]:
    if sign_in.user != first_run.DEMO_USER:
        return []
    return [f"A token for programs: .venv/bin/python manage.py access_token {sign_in.user}"]


def _disconnect() -> None:
    """Give back every connection, so that a server can tell whether others use it."""
    wakeups.close()
    for connection in connections.all(initialized_only=True):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
