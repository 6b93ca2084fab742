"""Say which alarms of the audit trail are open, and close one in the name of two people."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from compliance.sealing.cosigning.alarms import AlarmError, alarm_close, open_alarms
from qenex.kernel.context import Context, acting


class Command(BaseCommand):
    """`manage.py alarms`: exit code 0 where no alarm is open, 1 where one is."""

    help = "Say which witnesses contradict the log; close such an alarm in the name of two people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--close", metavar="WITNESS")
        parser.add_argument("--reason", default="", help="what was found; it is kept in the event")
        parser.add_argument("--person", action="append", default=[], metavar="USER", help="who has decided; twice")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["close"]:
            self._close(options["close"], options["reason"], options["person"])
        found = open_alarms(using="default")
        for alarm in found:
            self.stdout.write(f"{alarm.witness} contradicts the log.")
        if found:
            raise CommandError(f"{len(found)} open.")
        self.stdout.write("No alarm is open.")

    def _close(self, witness: str, reason: str, people: list[str]) -> None:
        known = get_user_model()._default_manager.filter(username__in=people, is_active=True).count()
        if len(people) != 2 or known != 2:
            raise CommandError("Name two users who may sign in, each with --person.")
        try:
            with acting(Context(actor="alarms", method="command", reason=reason)):
                alarm_close(witness=witness, reason=reason, people=(people[0], people[1]))
        except AlarmError as problem:
            raise CommandError(f"{problem}.") from None
        self.stdout.write(f"The alarm of {witness} is closed.")
