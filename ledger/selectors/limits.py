"""The limits that somebody may see."""

from django.db.models import Q, QuerySet

from ledger.models import RoleLimit
from qenex.kernel import scope


def limits_in_reach(limits: QuerySet[RoleLimit]) -> QuerySet[RoleLimit]:
    """Those of accounts of the books in reach, and those of roles, which count in every book."""
    books = scope.books()
    return limits if books is None else limits.filter(Q(account=None) | Q(account__book_id__in=books))
