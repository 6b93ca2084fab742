#!/usr/bin/env python3
"""Every command of QENEX: `manage.py help` lists them."""

import gc
import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    gc.set_threshold(20_000, 20, 50)  # what is imported stays: looking through it again and again is a tenth of a start
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed in this Python: run `make setup`, then use .venv/bin/python manage.py")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
