"""Legal holds: placed by one person, lifted by two."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from compliance.models import DataClass, LegalHold
from compliance.models.privacy import EVERYBODY
from compliance.privacy import kinds
from compliance.privacy.errors import Held, PrivacyError
from qenex.access import approvals
from qenex.access.approvals import registry
from qenex.access.approvals.payload import digest, encode
from qenex.access.approvals.registry import Difference
from qenex.access.approvals.rules import permitted
from qenex.kernel import clock, context, events
from qenex.kernel.transactions import run
from qenex.vault import subjects
from qenex.vault.models import DataKey

LIFT = "compliance.hold.lift"


def hold_place(
    *, subject: models.Model | UUID | str, data_class: str = "", reason: str, until: datetime | None = None
) -> LegalHold:
    """Keeps somebody's data, or a class of everybody's (the subject `*`), from going. Raises PrivacyError."""
    name = subjects.name(subject)
    now = clock.now()
    hold = LegalHold(
        subject=name,
        data_class=data_class,
        reason=reason.strip(),
        until=until,
        placed_by_id=context.current().actor_id,
        placed_at=now,
    )

    def command() -> LegalHold:
        _check(hold)
        hold.save(force_insert=True)
        _emit("placed", hold, {"until": until, "placed_by": hold.placed_by_id, "placed_at": hold.placed_at})
        return hold

    return run(command)


def _check(hold: LegalHold) -> None:
    known = hold.subject == EVERYBODY or exists(hold.subject)
    rules = (
        (not hold.reason, "Say why: such as the number of the case."),
        (hold.data_class not in ("", *DataClass.values), "There is no such class of data."),
        (hold.subject == EVERYBODY and not hold.data_class, "Everybody's data of every class is too much: name one."),
        (hold.until is not None and hold.until <= hold.placed_at, "The hold would be over before it begins."),
        (not known, f"There is nobody called {hold.subject}."),
        (erased(hold.subject), "The data was erased: there is nothing left to hold."),
    )
    for broken, text in rules:
        if broken:
            raise PrivacyError(text)


def exists(name: str) -> bool:
    """Whether there is such a subject: a row of its kind, or a key."""
    kind = kinds.of(name)
    if kind is not None:
        return kind.present(name)
    return DataKey.objects.filter(subject=name).exists()


def erased(name: str) -> bool:
    """Whether the subject's keys were destroyed."""
    return DataKey.objects.filter(subject=name, shredded_at__isnull=False).exists()


def hold_lift(*, hold: UUID) -> LegalHold:
    """Lets the data go again: always by two people.

    Raises ApprovalRequired, PrivacyError where it was lifted before, and LegalHold.DoesNotExist.
    """
    payload = {"hold": str(hold)}

    def command() -> LegalHold:
        row = LegalHold.objects.select_for_update(of=("self",)).get(pk=hold)
        if row.lifted_at is not None:
            raise PrivacyError("The hold was lifted before.")
        by = context.current()
        if not permitted(digest(LIFT, encode(payload))) or by.on_behalf_of is None:
            raise approvals.ApprovalRequired(LIFT, payload)
        row.lifted_at, row.lifted_by_id, row.lift_asked_by_id = clock.now(), by.actor_id, by.on_behalf_of.id
        row.save(update_fields=["lifted_at", "lifted_by", "lift_asked_by"])
        _emit("lifted", row, {"asked_by": row.lift_asked_by_id, "by": row.lifted_by_id, "at": row.lifted_at})
        return row

    return run(command)


def standing(name: str | None = None, *classes: str) -> QuerySet[LegalHold]:
    """The holds that stand: on this subject's data, or everybody's, and where classes are given on one of these."""
    found = LegalHold.objects.filter(Q(until=None) | Q(until__gt=clock.now()), lifted_at=None)
    if name is not None:
        found = found.filter(subject__in=(name, EVERYBODY))
    return found.filter(data_class__in=("", *classes)) if classes else found


def held_subjects(data_class: str) -> set[str]:
    """Whose data of the class stays; `*` where everybody's does."""
    return set(standing(None, data_class).values_list("subject", flat=True))


def check_free(name: str) -> None:
    """Raises Held where a hold keeps anything of the subject's."""
    hold = standing(name).order_by("placed_at").first()
    if hold is not None:
        until = f"until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else "until it is lifted"
        raise Held(f"A legal hold of {hold.placed_at:%Y-%m-%d} keeps this data {until}.")


def forget(name: str) -> None:
    """Takes the subject out of the holds that stand no more, in the transaction of its erasure."""
    LegalHold.objects.filter(subject=name).update(subject="")


def _emit(what: str, hold: LegalHold, data: dict[str, Any]) -> None:
    """The event; whose data it is, is sealed under that person's own key."""
    personal = {} if hold.subject == EVERYBODY else {"data.subject": hold.subject}
    events.emit(
        f"compliance.hold.{what}",
        subject_type="hold",
        subject_id=hold.pk,
        data={"data_class": hold.data_class, "reason": hold.reason, **data},
        version=2,
        whose=hold.subject,
        personal=personal,
    )


def _describe(payload: Mapping[str, Any]) -> Difference:
    hold = LegalHold.objects.get(pk=payload["hold"])
    facts = [("Reason", hold.reason), ("Placed at", f"{hold.placed_at:%Y-%m-%d %H:%M} UTC")]
    return Difference(f"Lifts the legal hold {hold.pk}", [("hold", "stands", "lifted")], facts)


@registry.command(
    LIFT,
    label=gettext_lazy("Lift a legal hold"),
    permission="compliance.lift_legalhold",
    describe=_describe,
    result=lambda hold: str(hold.pk),
    refusals=(PrivacyError,),
)
def _lift(payload: Mapping[str, Any]) -> None:
    hold_lift(hold=UUID(payload["hold"]))
