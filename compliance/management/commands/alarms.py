"""Say which alarms of the audit trail are open."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.alarms import open_alarms


class Command(BaseCommand):
    """`manage.py alarms`: exit code 0 where no alarm is open, 1 where one is."""

    help = "Say which tamper alarms are open, oldest first. Two people close an alarm, in the admin; no command does."

    def handle(self, *args: Any, **options: Any) -> None:
        found = open_alarms(using="default")
        for alarm in found:
            said = f"{alarm.code} (found by the {alarm.get_source_display()}): {alarm.detail}"
            self.stdout.write(f"{alarm.found_at:%Y-%m-%d %H:%M:%S} UTC  {said}")
        if found:
            raise CommandError(f"{len(found)} open. Two people close an alarm, in the admin.")
        self.stdout.write("No alarm is open.")
