"""Making the ground: migrations, static files, a user, books and accounts."""

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import psycopg
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.core.management import call_command

from bench import ground
from bench.works.base import Outcome, Run, timed
from ledger import services
from ledger.models import Asset
from ledger.services.accounts import AccountSpec
from qenex.access import sessions
from qenex.access.tokens import family_start
from qenex.embedded import postgres, static
from qenex.kernel import clock, events, transactions

OVERDRAFT = Decimal(-(10**15))
"""Every account has a limit, so that every transfer is checked against it; none ever reaches it."""
COPY_TABLE = """
CREATE TABLE bench_copy (LIKE ledger_transfer INCLUDING ALL);
ALTER TABLE bench_copy OWNER TO qenex_owner;
GRANT SELECT, INSERT ON bench_copy TO qenex_writer;
"""


@dataclass(frozen=True)
class SetupWork:
    """Makes the template of every database of the benchmark."""

    database: str

    def prepare(self) -> Run:
        """Nothing is made ready: making ready is the work."""

        def run() -> Outcome:
            return timed(lambda step: step(), (_migrate, _lay), 1)

        return run


def _migrate() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    static.collect()
    with closing(psycopg.connect(postgres.admin_url(settings.VAR, "qenex"), autocommit=True)) as connection:
        connection.execute(COPY_TABLE)


def _lay() -> None:
    user = transactions.run(_user)
    asset = services.asset_create(code="EUR", name="Euro", places=2)
    sizes = [ground.ACCOUNTS, *[ground.OWN_ACCOUNTS] * ground.OWN_BOOKS, ground.ACCOUNTS, ground.ACCOUNTS]
    books = [_book(f"bench-{number}", asset, size) for number, size in enumerate(sizes)]
    ground.save(ground.Ground(_token(user), _session(user), books), settings.VAR)


def _user() -> User:
    user = User.objects.create_superuser("bench", None, None)
    events.emit("access.user.created", subject_type="user", subject_id=user.pk, data={"user": user.username})
    return user


def _book(code: str, asset: Asset, size: int) -> ground.Book:
    book = services.book_create(code=code, name="Benchmark")
    specs = [AccountSpec(code=f"a{n}", asset=asset, type="liability", floor=OVERDRAFT) for n in range(size)]
    return ground.Book(book.pk, [account.pk for account in services.accounts_create(book=book, specs=specs)])


def _token(user: User) -> str:
    """One that outlives the run."""
    lifetime = timedelta(minutes=settings.TOKEN_COMMAND_MINUTES)
    return family_start(user=user, method="command", lifetime=lifetime).access


def _session(user: User) -> str:
    """A browser that has shown both factors, and does not count as idle while the run lasts."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    key = str(session.session_key)
    opened = sessions.session_open(user=user, key=key, address="127.0.0.1", user_agent="benchmark")
    sessions.session_verify(session=opened, method=sessions.Method.PASSKEY, key=key)
    sessions.StaffSession.objects.filter(pk=opened.pk).update(last_seen_at=clock.now() + sessions.ABSOLUTE)
    return key
