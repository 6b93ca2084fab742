"""An example user for each role that ships. Nobody can sign in as one of them until somebody sets a password."""

from decimal import Decimal

from django.contrib.auth.models import Group, User

from ledger import services
from ledger.models import Asset
from qenex.access.roles import ROLES
from qenex.kernel.context import Context

USERS = {
    "clara": ("Clara", "teller"),
    "anton": ("Anton", "operations"),
    "rita": ("Rita", "risk-analyst"),
    "carlo": ("Carlo", "compliance-officer"),
    "tara": ("Tara", "treasurer"),
    "ada": ("Ada", "auditor"),
    "adam": ("Adam", "administrator"),
}
"""Name to sign in with → first name and role."""
TELLERS_MAXIMUM = Decimal(10_000)


def make(euro: Asset) -> dict[str, Context]:
    """Makes the users and limits what a teller may post; returns each user's circumstances for commands."""
    contexts = {}
    for username, (name, role) in USERS.items():
        fields = {"first_name": name, "last_name": str(ROLES[role].title), "is_staff": True}
        user, created = User.objects.get_or_create(username=username, defaults=fields)
        if created:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=role))
        contexts[username] = Context(actor_id=user.pk, actor=username, method="command")
    services.limit_create(role=Group.objects.get(name="teller"), asset=euro, maximum=TELLERS_MAXIMUM, verdict="hold")
    return contexts
