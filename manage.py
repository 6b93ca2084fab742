#!/usr/bin/env python3
"""Every command of QENEX: `manage.py help` lists them."""

import os
import sys

from qenex.kernel.memory import collect_seldom


def main() -> None:
    """Run the command named on the command line."""
    collect_seldom()  # what is imported stays: to look through it again and again is a tenth of a start
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed in this Python: run `make setup`, then use .venv/bin/python manage.py")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
