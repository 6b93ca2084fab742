"""The project's settings, with the apps of others that it is compared with. One connection, kept, for all of them."""

from qenex.settings import *  # noqa: F403  # what settings are for
from qenex.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "pgtrigger", "pghistory", "auditlog", "bench.trails.peerapp"]
PGTRIGGER_INSTALL_ON_MIGRATE = True
PGTRIGGER_SCHEMA_EDITOR = False
for _database in DATABASES.values():
    _database["OPTIONS"] = {key: value for key, value in _database["OPTIONS"].items() if key != "pool"}
    _database["CONN_MAX_AGE"] = None
