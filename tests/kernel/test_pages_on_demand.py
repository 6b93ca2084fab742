"""A process that serves no pages starts without them, and whoever checks the pages has them all."""

import subprocess
import sys

from qenex.embedded.guard import PROJECT

LOOKS = """
import sys

import django

django.setup()
PAGES = ("qenex.access.admin", "ledger.admin", "compliance.admin", "rest_framework.views")
print([each for each in PAGES if each in sys.modules])

from django.core.checks import run_checks

print([each.id for each in run_checks(tags=["admin"])])
print([each for each in PAGES if each not in sys.modules])

from django.contrib import admin
from ledger.models import Book

admin.site.get_model_admin(Book).list_display = ("nothing",)
print([each.id for each in run_checks(tags=["admin"])])
"""


def test_pages_are_loaded_for_the_checks_alone_and_checked_by_them() -> None:
    command = [sys.executable, "-W", "ignore", "-c", LOOKS]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]", "[]", "['admin.E108']"]
