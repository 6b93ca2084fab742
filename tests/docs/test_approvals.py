"""The page about approvals names the commands that there are."""

from qenex.access import approvals
from tests.docs.pages import ROOT, table

PAGE = ROOT / "docs" / "guide" / "approvals.md"


def test_every_command_is_on_the_page() -> None:
    found = [
        [f"`{each.name}`", str(each.label), "yes" if each.measured else "", f"`{each.permission}`"]
        for each in approvals.commands()
        if not each.name.startswith("test.")
    ]
    assert table(PAGE, "## The commands") == found
