"""The pages of privacy in a browser: readable in both themes and on a telephone, and nothing sticks out."""

from datetime import timedelta

import pytest

from compliance.privacy.holds import hold_place
from qenex.kernel import clock
from tests.e2e.conftest import Visit
from tests.e2e.reading import unreadable
from tests.support.people import make_user
from tests.support.privacy import ask, by, erase, erased_file, leaver, officer, trace

__all__ = ["erased_file"]
pytestmark = pytest.mark.usefixtures("erased_file")


def test_every_page_is_readable(visit: Visit) -> None:
    person = leaver()
    with by(officer()):
        hold = hold_place(subject=make_user(), reason="case 12/26", until=clock.now() + timedelta(days=30))
        hold_place(subject=person, data_class="traces", reason="case 13/26", until=clock.now() + timedelta(days=1))
    event = trace(make_user(), **{"data.note": "a note", "changes.email": {"before": "", "after": "a@example.org"}})
    erase(leaver())
    ask(leaver(), officer())
    for path in (
        "/admin/compliance/legalhold/",
        "/admin/compliance/legalhold/add/",
        f"/admin/compliance/legalhold/{hold.pk}/change/",
        f"/admin/compliance/legalhold/{hold.pk}/lift/",
        "/admin/compliance/retentionrule/",
        "/admin/compliance/retentionrule/sessions/change/",
        "/admin/compliance/retentionrule/apply/",
        "/admin/compliance/erasure/",
        "/admin/compliance/erasure/add/",
        "/admin/compliance/erasure/export/",
    ):
        visit.go(path)
        assert unreadable(visit.page) == {}, path
    page = visit.go(f"/admin/kernel/event/{event.pk}/personal/")
    page.get_by_label("Reason").fill("case 12/26")
    visit.press("Show it")
    page.get_by_text("198.51.100.23").wait_for()
    assert unreadable(page) == {}
    assert visit.complaints == []
