"""The books that people reach."""

from qenex.kernel.projections import Projection, Shadows, Table
from qenex.kernel.upcasting import Told


class Scopes(Projection):
    """From the events that name all books in somebody's reach."""

    name = "scopes"
    tables = (
        Table(
            "access_bookscope",
            ("user_id", "book_id"),
            left_out={"id": "The number of a row, which nothing refers to."},
        ),
    )
    events = frozenset({"access.scope.changed"})

    def apply(self, told: Told, shadows: Shadows) -> None:
        """Lets a user reach just these books; none: every book, which has no row."""
        reach = shadows["access_bookscope"]
        for key in reach.find(user_id=told.subject):
            reach.remove(*key)
        for book in told.after["books"] or ():
            reach.put(told.subject, book)
