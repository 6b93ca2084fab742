"""Cosign the checkpoints of logs that only grow."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from compliance.witness import command
from compliance.witness.errors import WitnessError
from qenex.vault.errors import ProviderUnavailable


class Command(BaseCommand):
    """`manage.py witness`: `python -m compliance.witness` by its other name. It opens no database."""

    help = "Be a witness of logs, with a key and a memory of its own; no database is opened."
    requires_system_checks: list[str] = []  # they are about the server, of which a witness knows nothing

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Those of the witness, and the log's own keys for a witness beside it."""
        init = command.arguments(parser)["init"]
        init.add_argument(
            "--own-log",
            action="store_true",
            help="look at this installation's log; its database is opened for its keys",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Carries it out; a witness that runs takes this process over, without Django and what it holds in memory."""
        if options.pop("own_log", False):
            options["log"] = [*options["log"], *_own_keys()]
        try:
            if options["action"] == "run":
                _become(command.words(options))
            command.carry_out(options, self.stdout.write)
        except WitnessError as problem:
            raise CommandError(str(problem)) from None


def _own_keys() -> list[str]:
    from compliance.sealing import keys
    from compliance.sealing.errors import Refused

    try:
        keys.ready()
        return keys.vkeys()
    except (DatabaseError, Refused, ProviderUnavailable) as error:
        raise CommandError(f"The log's keys are not to be had: {str(error).splitlines()[0]}") from None


def _become(words: list[str]) -> None:
    sys.stdout.flush()
    path = os.pathsep.join(filter(None, (str(settings.BASE_DIR), os.environ.get("PYTHONPATH"))))
    program = [sys.executable, "-m", "compliance.witness", *words]
    os.execve(sys.executable, program, {**os.environ, "PYTHONPATH": path})  # noqa: S606  # our own program, no shell
