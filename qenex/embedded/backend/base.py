"""The database backend of every alias; with `DATABASE_URL` set it is Django's own with metrics."""

from typing import Any, Self

import psycopg
from django.conf import settings
from django.db.utils import OperationalError
from django_prometheus.db.backends.postgresql import base

from qenex.embedded import postgres
from qenex.embedded.errors import EmbeddedError


class RevivingConnection(psycopg.Connection[Any]):
    """A connection that starts the embedded server and tries once more when the first attempt fails."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """Connect as psycopg does. Raises psycopg.OperationalError when the server cannot be started either."""
        try:
            return super().connect(conninfo, **kwargs)
        except psycopg.OperationalError:
            _revive()
        return super().connect(conninfo, **kwargs)


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # django_prometheus has no types
    """Reaches the embedded server through RevivingConnection, pooled or not."""

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(settings_dict, *args, **kwargs)
        if settings.EMBEDDED_POSTGRES and (pool := settings_dict["OPTIONS"].get("pool")):
            pool.setdefault("connection_class", RevivingConnection)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; without a pool the second attempt is made here."""
        if self.pool or not settings.EMBEDDED_POSTGRES:
            return super().get_new_connection(conn_params)
        try:
            return super().get_new_connection(conn_params)
        except (psycopg.OperationalError, OperationalError):
            _revive()
        return super().get_new_connection(conn_params)


def _revive() -> None:
    try:
        postgres.ensure_running(settings.VAR)
    except EmbeddedError as error:
        raise psycopg.OperationalError(str(error)) from None
