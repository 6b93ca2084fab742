"""The project's settings, with the tests' app."""

from qenex.settings import *  # noqa: F403  # what settings are for
from qenex.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "tests.vault.notes"]
