"""Legal holds, retention rules and erasures; never whose data it is, which the log holds sealed or not at all."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told

_SUBJECT = "Personal data: sealed in the log under the person's own key, and gone when the person is erased."
_RULE = ("keep_days", "period_days", "legal_basis", "active")


class LegalHolds(Projection):
    """Placed by one person and lifted by two."""

    name = "legal_holds"
    tables = (
        Table(
            "compliance_legalhold",
            ("id",),
            (
                *("data_class", "reason", "until", "placed_by_id", "placed_at"),
                *("lift_asked_by_id", "lifted_by_id", "lifted_at"),
            ),
            {"subject": _SUBJECT},
        ),
    )
    events = frozenset({"compliance.hold.placed", "compliance.hold.lifted"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Places a hold, or lifts one."""
        holds, data = shadows["compliance_legalhold"], told.data
        if told.type == "compliance.hold.placed":
            said = {name: data[name] for name in ("data_class", "reason", "until", "placed_at")}
            holds.put(told.subject, **said, placed_by_id=data["placed_by"])
            return
        lifted = {"lift_asked_by_id": data["asked_by"], "lifted_by_id": data["by"], "lifted_at": data["at"]}
        holds.change(told.subject, by=told.type, **lifted)


class RetentionRules(Projection):
    """From the events of their changes, the first of which a migration has written."""

    name = "retention_rules"
    tables = (Table("compliance_retentionrule", ("data_class",), (*_RULE, "version")),)
    events = frozenset({"compliance.retention.changed"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Makes a rule or changes one."""
        rules = shadows["compliance_retentionrule"]
        row = rules.get(told.subject) or {}
        after = {name: value for name, value in told.after.items() if name in _RULE}
        rules.put(told.subject, **{**row, **after, "version": told.data["version"]})


class Erasures(Projection):
    """Asked for and done, by their own numbers."""

    name = "erasures"
    tables = (
        Table(
            "compliance_erasure",
            ("id",),
            ("ground", "asked_by_id", "asked_at", "done_by_id", "done_at", "keys"),
            {"subject": _SUBJECT},
        ),
    )
    events = frozenset({"compliance.erasure.asked", "compliance.subject.erased"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Notes that an erasure was asked for, again perhaps, or done."""
        erasures, data = shadows["compliance_erasure"], told.data
        if told.type == "compliance.erasure.asked":
            asked = {"ground": data["ground"], "asked_by_id": data["asked_by"], "asked_at": data["asked_at"]}
            erasures.put(told.subject, **asked)
            return
        done = {"asked_by_id": data["asked_by"], "done_by_id": data["done_by"], "done_at": data["done_at"]}
        erasures.change(told.subject, by=told.type, ground=data["ground"], keys=data["keys"], **done)
