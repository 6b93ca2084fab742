"""The closed lists of the ledger's words."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AssetKind(models.TextChoices):
    CURRENCY = "currency", _("currency")
    TOKEN = "token", _("token")
    SECURITY = "security", _("security")


class AccountType(models.TextChoices):
    ASSET = "asset", _("asset")
    LIABILITY = "liability", _("liability")
    EQUITY = "equity", _("equity")
    INCOME = "income", _("income")
    EXPENSE = "expense", _("expense")


class Side(models.IntegerChoices):
    """The side on which an account's balance grows; as a factor of debits minus credits."""

    DEBIT = 1, _("debit")
    CREDIT = -1, _("credit")


NORMAL_SIDE = {
    AccountType.ASSET: Side.DEBIT,
    AccountType.EXPENSE: Side.DEBIT,
    AccountType.LIABILITY: Side.CREDIT,
    AccountType.EQUITY: Side.CREDIT,
    AccountType.INCOME: Side.CREDIT,
}


class AccountStatus(models.TextChoices):
    OPEN = "open", _("open")
    FROZEN = "frozen", _("frozen")
    CLOSED = "closed", _("closed")


class BookStatus(models.TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class TransferKind(models.IntegerChoices):
    """What a transfer row does to its two accounts."""

    POSTED = 1, _("posted")
    HOLD = 2, _("hold")
    HOLD_POST = 3, _("post of a hold")
    HOLD_VOID = 4, _("void of a hold")
    HOLD_EXPIRE = 5, _("expiry of a hold")
    REVERSAL = 6, _("reversal")
    HOLD_PART = 7, _("post of a part of a hold")


class HoldStatus(models.TextChoices):
    OPEN = "open", _("open")
    POSTED = "posted", _("posted")
    VOIDED = "voided", _("voided")
    EXPIRED = "expired", _("expired")


class JournalKind(models.TextChoices):
    ENTRY = "entry", _("entry")
    REVERSAL = "reversal", _("reversal")
    EXCHANGE = "exchange", _("exchange")
