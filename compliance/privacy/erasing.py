"""Erasure: the subject's keys are destroyed, its columns blanked, and the log says that it was done and not to whom.

Whoever is erased is named by the row of the erasure while it waits, and by nothing afterwards: neither the request for
approval, nor its hash, nor the event has more than the erasure's own random number and a ground from a list. What ends
with the data (sessions, keys, factors) has no events of its own in that transaction, for these would name the person
beside it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy

from compliance.models import Erasure, Ground
from compliance.privacy import holds, kinds, rules, tombstones
from compliance.privacy.errors import NotReady, PrivacyError
from qenex.access.approvals import ApprovalRequired, exempt, registry
from qenex.access.approvals.payload import digest, encode
from qenex.access.approvals.registry import Difference
from qenex.access.approvals.rules import permitted
from qenex.kernel import clock, context, events
from qenex.kernel.transactions import run
from qenex.vault import shredding, subjects

ERASE = "compliance.subject.erase"


def subject_erase(*, subject: models.Model | UUID | str, reason: str) -> Erasure:
    """Asks for an erasure, or carries it out where nobody acts but the system itself; `reason` is a Ground.

    Raises ApprovalRequired, with which the second person is asked; Held under a legal hold, StillKept before the time
    that the law demands is over, NotReady while the subject is active, and PrivacyError for nobody and for who was
    erased before.
    """
    name = subjects.name(subject)
    if reason not in Ground.values:
        raise PrivacyError("Choose a ground from the list.")
    waiting = run(lambda: _begin(name, Ground(reason)))
    if exempt(context.current()):
        return erasure_carry_out(erasure=waiting.pk)
    raise ApprovalRequired(ERASE, {"erasure": str(waiting.pk)})


def _begin(name: str, ground: Ground) -> Erasure:
    """The row that waits for the second person."""
    check(name)
    waiting = Erasure.objects.select_for_update().filter(subject=name, done_at=None).first()
    by = context.current().actor_id
    if waiting is None:
        waiting = Erasure(subject=name, asked_at=clock.now())
    elif (waiting.ground, waiting.asked_by_id) == (ground, by):
        return waiting
    waiting.ground, waiting.asked_by_id = ground, by
    waiting.save()
    # The number alone: what comes before the erasure would else tell after it whose it was.
    _tell_asked(waiting)
    return waiting


def _tell_asked(row: Erasure) -> None:
    facts = {"ground": str(row.ground), "asked_by": row.asked_by_id, "asked_at": row.asked_at}
    events.emit("compliance.erasure.asked", subject_type="erasure", subject_id=row.pk, data=facts, version=2)


def check(name: str, *, again: bool = False) -> None:
    """Raises PrivacyError where the subject may not be erased now; `again` after a restore asks for less."""
    if not holds.exists(name):
        raise PrivacyError(f"There is nobody called {name}.")
    if holds.erased(name):
        raise PrivacyError("The data was erased before.")
    holds.check_free(name)
    kind = kinds.of(name)
    if kind is None or again:
        return
    todo = kind.ready(name)
    if todo is not None:
        raise NotReady(todo)
    rules.check_over(kind.last_seen(name))


def erasure_carry_out(*, erasure: UUID, again: bool = False) -> Erasure:
    """Erases. Two people, or the system itself. Raises what subject_erase raises, and ProviderUnavailable."""
    payload = {"erasure": str(erasure)}

    def command() -> Erasure:
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure)
        if row.done_at is not None:
            raise PrivacyError("It was done before.")
        by = context.current()
        if not exempt(by) and not permitted(digest(ERASE, encode(payload))):
            raise ApprovalRequired(ERASE, payload)
        check(row.subject, again=again)
        return _erase(row, by)

    return run(command)


def _erase(row: Erasure, by: context.Context) -> Erasure:
    name, kind = row.subject, kinds.of(row.subject)
    gone = kind.blank(name) if kind is not None else {}
    destroyed = shredding.destroy(name)
    holds.forget(name)
    row.subject, row.done_at, row.keys = "", clock.now(), destroyed.keys
    row.done_by_id = by.actor_id
    row.asked_by_id = by.on_behalf_of.id if by.on_behalf_of else None
    row.save(update_fields=["subject", "done_at", "keys", "done_by", "asked_by"])
    data = {"ground": row.ground, "keys": destroyed.keys, "purposes": destroyed.purposes, "gone": gone}
    data |= {"asked_by": row.asked_by_id, "done_by": row.done_by_id, "done_at": row.done_at}
    events.emit("compliance.subject.erased", subject_type="erasure", subject_id=row.pk, data=data, version=2)
    tombstones.add(row.pk, name)
    return row


def _describe(payload: Mapping[str, Any]) -> Difference:
    """What is stored with the request for ever: whose data it is, is on the page of the erasure while it waits."""
    row = Erasure.objects.get(pk=payload["erasure"])
    if row.done_at is not None:
        raise PrivacyError("It was done before.")
    check(row.subject)
    facts = [("Ground", row.get_ground_display()), ("Erasure", str(row.pk))]
    return Difference("Erases somebody's personal data for ever; the page of the erasure says whose", [], facts)


@registry.command(
    ERASE,
    label=gettext_lazy("Erase somebody's personal data"),
    permission="compliance.erase_subject",
    describe=_describe,
    result=lambda erasure: str(erasure.pk),
    refusals=(PrivacyError,),
)
def _carry_out(payload: Mapping[str, Any]) -> None:
    erasure_carry_out(erasure=UUID(payload["erasure"]))


class Reapplied(NamedTuple):
    """What became of a list of erasures."""

    known: int
    due: list[str]
    refused: list[str]


def erasures_reapply(*, register: tombstones.Register, dry_run: bool = False) -> Reapplied:
    """Erases again whom a restored backup has brought back. Holds stand against it, nothing else does.

    Raises ProviderUnavailable.
    """
    digests = {stone.digest for stone in register.tombstones}
    found = [name for kind in kinds.all() for name in kind.names() if register.digest(name) in digests]
    due = [name for name in found if not holds.erased(name)]
    refused: list[str] = []
    for name in due if not dry_run else ():
        try:
            _again(name)
        except PrivacyError as error:
            refused.append(f"{name}: {error}")
    return Reapplied(len(digests), due, refused)


def _again(name: str) -> Erasure:
    def begin() -> Erasure:
        check(name, again=True)
        row = Erasure.objects.filter(subject=name, done_at=None).first() or Erasure(subject=name, asked_at=clock.now())
        row.ground, row.asked_by_id = Ground.RESTORED, None
        row.save()
        _tell_asked(row)
        return row

    return erasure_carry_out(erasure=run(begin).pk, again=True)
