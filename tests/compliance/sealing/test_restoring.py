"""A database that was moved into a cluster with other transaction numbers is recognised, and goes on when told to."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.models import Restoration
from compliance.sealing import guard
from compliance.sealing.errors import STATUS, Reason, Refused
from compliance.sealing.sealer import Sealer
from qenex.kernel.models import Event
from tests.support.trail import emit, execute, seal, sealed, settle

pytestmark = pytest.mark.usefixtures("trail")
FAR = 10**12


def begin() -> None:
    """Seals three events, and then the one that tells of the key that was made for the first signature."""
    emit(3)
    seal(seal())


def refused() -> Refused:
    settle()
    with pytest.raises(Refused) as found:
        Sealer().finish()
    return found.value


def resume() -> str:
    out = io.StringIO()
    call_command("seal", "--after-restore", "--reason", "moved", stdout=out)
    return out.getvalue().strip()


def brought_along() -> None:
    """Lets all that was recorded so far look as if it had been written in a cluster of larger numbers."""
    execute("UPDATE kernel_event SET transaction = transaction + %s", FAR)
    execute("UPDATE compliance_leaf SET transaction = transaction + %s", FAR)


def restored() -> list[object]:
    """A log of three sealed events, and five that had no leaf when it was moved; the ids of the five."""
    begin()
    left = emit(2) + emit(3)
    # The hashes no longer fit the numbers, but neither does the sealer look at them.
    brought_along()
    return list(left)


def test_numbers_that_went_back_are_found_by_the_last_leaf() -> None:
    begin()
    brought_along()
    found = refused()
    assert found.reason is Reason.RESTORED
    assert found.detail.startswith("the last leaf is of transaction 1000000")


def test_numbers_that_went_back_are_found_by_an_event_ahead() -> None:
    seal()
    [event] = emit(1)
    execute("UPDATE kernel_event SET transaction = %s WHERE id = %s", FAR, event)
    assert refused().detail == f"event {event} is of a transaction that this cluster has not reached"


def test_another_cluster_is_found_although_its_numbers_are_larger() -> None:
    begin()
    kept = json.loads(guard.path().read_bytes())
    guard.path().write_text(json.dumps(kept | {"cluster": 42}))
    assert refused().detail.startswith("the database was in cluster 42 and is in ")
    assert resume() == f"0 restored events sealed; the tree has {len(sealed())} leaves."
    assert json.loads(guard.path().read_bytes()) == kept
    emit(1)
    seal()
    assert len(sealed()) == Event.objects.count()


def test_what_was_restored_is_sealed_once_by_time_and_the_rest_by_the_new_numbers() -> None:
    left = restored()
    before = len(sealed())
    assert refused().reason is Reason.RESTORED
    assert resume().startswith("5 restored events sealed")
    assert sealed()[before:] == left
    row = Restoration.objects.get()
    assert (row.position, row.reason) == (before + 5, "moved")
    with pytest.raises(CommandError, match="have not begun anew"):
        resume()
    later = emit(2)
    settle()
    sealer = seal()
    told = Event.objects.get(type="compliance.trail.resumed")
    assert sealed()[before + 5 :] == [told.pk, *later]
    emit(300)
    seal(sealer)
    seal()
    assert len(sealed()) == Event.objects.count()
    assert sealer.head is not None
    tail = sealed()[before + 5 :]
    assert tail == list(Event.objects.filter(pk__in=tail).order_by("transaction", "id").values_list("pk", flat=True))


def test_a_restored_log_that_the_numbers_reach_again_is_not_sealed_twice() -> None:
    restored()
    resume()
    seal()
    count = len(sealed())
    # The new cluster's numbers have come to where the old ones were.
    execute("UPDATE kernel_event SET transaction = transaction - %s WHERE transaction >= %s", FAR, FAR)
    execute("UPDATE compliance_leaf SET transaction = 1 WHERE transaction < %s AND position < %s", FAR, count)
    emit(2)
    seal()
    assert len(sealed()) == len(set(sealed())) == count + 2


def test_nothing_is_resumed_where_nothing_was_restored() -> None:
    emit(1)
    seal()
    with pytest.raises(CommandError, match="have not begun anew"):
        resume()
    assert not Restoration.objects.exists()


def test_an_event_that_was_skipped_is_found_when_somebody_adopts() -> None:
    emit(3)
    seal()
    skipped = emit(1)
    execute("UPDATE kernel_event SET transaction = 3 WHERE id = %s", skipped[0])
    guard.path().unlink()
    with pytest.raises(CommandError) as failed:
        call_command("seal", "--adopt", "--reason", "x")
    assert failed.value.returncode == STATUS[Reason.RESTORED]
    assert str(skipped[0]) in str(failed.value)
    assert not guard.path().exists()
