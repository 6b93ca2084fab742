"""Give the shipped groups the permissions that the code declares."""

from typing import Any

from django.core.management.base import BaseCommand

from qenex.access import roles
from qenex.kernel.context import acting, command


class Command(BaseCommand):
    """`manage.py roles_sync`; `migrate` runs it too."""

    help = "Make the roles that ship, and undo what was edited in their groups. Repeating it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what was changed, and with --verbosity 2 also what is still to come with other apps."""
        known = roles.known_permissions()
        with acting(command("roles_sync")):
            for role in roles.ROLES.values():
                changed = roles.role_sync(role=role, known=known)
                if options["verbosity"]:
                    self._tell(role, changed)
                if options["verbosity"] > 1 and (absent := role.absent(known)):
                    self.stdout.write(f"Role {role.name} is to have, once there is: {', '.join(absent)}.")

    def _tell(self, role: roles.Role, changed: dict[str, Any]) -> None:
        if changed["created"]:
            self.stdout.write(f"Role {role.name} was made with {len(changed['given'])} permissions.")
            return
        for word, names in (("was given", changed["given"]), ("lost", changed["taken"])):
            if names:
                self.stdout.write(f"Role {role.name} {word}: {', '.join(names)}.")
