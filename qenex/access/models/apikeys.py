"""Keys of programs, their secrets, and the nonces of the signatures that were accepted."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qenex.access.keyscopes import covers
from qenex.kernel.ids import uuid7
from qenex.vault.fields import EncryptedBinaryField

PREFIX = "qk_"
LIVE = Q(retired_at=None)
NONCE_LENGTH = 128


def public_id() -> str:
    """What a signature's keyid says: of 120 random bits, and no secret."""
    return PREFIX + secrets.token_hex(15)


class ApiKey(models.Model):
    """What a program signs its requests with. It may do what its scopes name and its owner may do, and no more."""

    audited = True
    unaudited_columns = {
        "last_used_at": "Each thing that the key does is an event.",
        "last_used_address": "Each thing that the key does is an event.",
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key_id = models.CharField(_("key id"), max_length=40, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("What the program is, for people."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys", verbose_name=_("owner")
    )
    scopes = ArrayField(models.CharField(max_length=150), verbose_name=_("scopes"))
    books = ArrayField(
        models.UUIDField(), default=list, blank=True, verbose_name=_("books"), help_text=_("None: all of the owner's.")
    )
    cidrs = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        verbose_name=_("networks"),
        help_text=_("From where it works, such as 192.0.2.0/24. None: from everywhere."),
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    secret_due_at = models.DateTimeField(
        _("secret waits since"), null=True, editable=False, help_text=_("Its owner has yet to collect a new secret.")
    )
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    last_used_address = models.GenericIPAddressField(_("last used from"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(scopes=[]), name="apikey_has_scopes"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="apikey_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(secret_due_at=None), name="apikey_revoked_waits_for_nothing"
            ),
            models.UniqueConstraint(fields=["id", "owner"], name="apikey_of_one_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"


class ApiKeySecret(models.Model):
    """What the signatures of a key are made with. A key has at most two that count; one that is retired is wiped.

    A foreign key over both columns, `(key, collected_by)`, keeps anybody but the key's owner from having collected one,
    and the key from getting another owner after that.
    """

    audited = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="secrets")
    slot = models.SmallIntegerField()
    secret = EncryptedBinaryField(purpose="apikey", null=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    collected_by = models.IntegerField(null=True)
    """The id of the user to whom it was shown; none where an operator made it at the shell."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(slot__in=(1, 2)), name="apikeysecret_two_slots"),
            models.UniqueConstraint("key", "slot", condition=LIVE, name="apikeysecret_at_most_two_live"),
            models.CheckConstraint(
                condition=Q(retired_at=None, secret__isnull=False) | Q(retired_at__isnull=False, secret__isnull=True),
                name="apikeysecret_wiped_when_retired",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Nonce(models.Model):
    """A nonce that a key has used, until its signature is too old to be accepted anyway."""

    not_audited = "Numbers that are used once, for minutes."

    pk = models.CompositePrimaryKey("key_id", "nonce")
    key_id = models.UUIDField()
    nonce = models.CharField(max_length=NONCE_LENGTH)
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index("expires_at", name="nonce_expires")]

    def __str__(self) -> str:
        return self.nonce


class KeyOwner(User):  # type: ignore[django-manager-missing]  # a proxy has no managers of its own
    """The owner of a key while a request of the key is carried out: may do what the key's scopes name, and no more."""

    granted: frozenset[str] = frozenset()
    """The scopes of the key. A permission is the owner's own, as it is now, and is looked for in the scopes besides."""

    class Meta:
        proxy = True
        default_permissions = ()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether both the key and its owner may; superusers are no exception."""
        return covers(self.granted, perm) and super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Programs have no menus."""
        return False

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        """Those that both have."""
        return {name for name in super().get_all_permissions(obj) if covers(self.granted, name)}
