"""The page about roles says what the code does."""

from qenex.access.roles import APART, ROLES
from qenex.kernel.routes import permissions
from tests.docs.pages import ROOT, table

PAGE = ROOT / "docs" / "guide" / "roles.md"


def test_every_role_is_on_the_page() -> None:
    written = table(PAGE, "## The roles that ship")
    assert written == [[str(role.title), f"`{role.name}`", str(role.description)] for role in ROLES.values()]


def test_what_each_role_may_do_is_what_it_is_granted() -> None:
    known = permissions()
    granted = {name: role.granted(known) for name, role in ROLES.items()}
    written = table(PAGE, "## What a role may do")
    for _, permission, *cells in written:
        name = permission.strip("`")
        assert cells == ["yes" if name in granted[role] else "" for role in ROLES], name
    changing = {name for names in granted.values() for name in names if not name.split(".")[1].startswith("view_")}
    assert changing <= {row[1].strip("`") for row in written}


def test_the_roles_that_stay_apart_are_those_of_the_code() -> None:
    written = table(PAGE, "## Roles that one person must not have together")

    def cell(one: str, other: str) -> str:
        return "" if one == other else "never" if frozenset((one, other)) in APART else "may"

    assert written == [[one, *(cell(one, other) for other in ROLES)] for one in ROLES]
