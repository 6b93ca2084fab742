"""`migrate` as the owner of the tables, followed by the roles' grants, audited tables' triggers and `AFTER_MIGRATE`."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from qenex.kernel import audited, grants

OWNER = "owner"


class Command(migrate.Command):
    """Django's command, on the owner's connection."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Makes the owner's connection the one that is taken when none is named."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Checks the settings only: what the database lacks is what the migrations are about to bring."""
        return super().get_check_kwargs(options) | {"databases": []}

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrates, then grants and watches, unless it was only asked what it would do."""
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"] or options["database"] != OWNER:
            return
        with transaction.atomic(OWNER):
            served = grants.apply(connections[OWNER])
            watched = audited.install(connections[OWNER])
        if options["verbosity"] and served:
            self.stdout.write(f"Granted rights to {', '.join(served)}.")
        if options["verbosity"] and watched:
            self.stdout.write(f"Nothing changes without an event in {', '.join(watched)}.")
        if _complete():
            for command in settings.AFTER_MIGRATE:
                call_command(command, verbosity=options["verbosity"], stdout=self.stdout)


def _complete() -> bool:
    """Whether nothing is left to migrate: what comes after counts on every table."""
    executor = MigrationExecutor(connections[OWNER])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
