"""The states of people, programs and approvals as their events tell of them, each with its projector."""

from qenex.access.projections.apikeys import ApiKeys
from qenex.access.projections.approvals import Approvals, Policies
from qenex.access.projections.factors import Factors
from qenex.access.projections.roles import Memberships, Roles
from qenex.access.projections.scopes import Scopes
from qenex.access.projections.users import Users

__all__ = ["ApiKeys", "Approvals", "Factors", "Memberships", "Policies", "Roles", "Scopes", "Users"]
