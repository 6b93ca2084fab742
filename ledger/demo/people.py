"""Example users in groups. Nobody can sign in as one of them until somebody sets a password."""

from decimal import Decimal

from django.contrib.auth.models import Group, Permission, User

from ledger import services
from ledger.models import Asset
from qenex.kernel.context import Context

VIEWING = ("view_account", "view_asset", "view_book", "view_hold", "view_journal", "view_rolelimit", "view_transfer")
GROUPS = {
    "Auditors": (*VIEWING, "view_event"),
    "Clerks": (*VIEWING, "post_transfer", "add_account"),
    "Accountants": (
        *(*VIEWING, "view_event", "post_transfer", "post_journal", "reverse_journal", "resolve_hold"),
        *("post_exchange", "add_account", "change_account"),
    ),
}
USERS = {
    "clara": ("Clara Clerk", "Clerks"),
    "anton": ("Anton Accountant", "Accountants"),
    "ada": ("Ada Auditor", "Auditors"),
}
CLERKS_MAXIMUM = Decimal(10_000)


def make(euro: Asset) -> dict[str, Context]:
    """Makes the groups and users and limits what a clerk may post; returns each user's circumstances for commands."""
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(codename__in=codenames))
    contexts = {}
    for username, (full_name, group_name) in USERS.items():
        first, last = full_name.split()
        user, created = User.objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, "is_staff": True}
        )
        if created:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=group_name))
        contexts[username] = Context(actor_id=user.pk, actor=username, method="command")
    services.limit_create(role=Group.objects.get(name="Clerks"), asset=euro, maximum=CLERKS_MAXIMUM, verdict="hold")
    return contexts
