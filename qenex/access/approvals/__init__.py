"""Maker and checker: what takes two people is asked for by one and carried out when another one has approved it."""

from qenex.access.approvals.errors import (
    ApprovalError,
    ApprovalRequired,
    Decided,
    Expired,
    NotAllowed,
    OwnRequest,
    Reused,
)
from qenex.access.approvals.execution import approve
from qenex.access.approvals.policy import asks, demand, exempt, policies_of
from qenex.access.approvals.registry import Command, command, commands, find
from qenex.access.approvals.rules import permitted
from qenex.access.approvals.services import approvals_expire, reject, request, withdraw

__all__ = [
    "ApprovalError",
    "ApprovalRequired",
    "Command",
    "Decided",
    "Expired",
    "NotAllowed",
    "OwnRequest",
    "Reused",
    "approvals_expire",
    "approve",
    "asks",
    "command",
    "commands",
    "demand",
    "exempt",
    "find",
    "permitted",
    "policies_of",
    "reject",
    "request",
    "withdraw",
]
