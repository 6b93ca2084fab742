"""Tokens of programs."""

from datetime import timedelta

from django.contrib.auth.models import User

from qenex.access.tokens import family_start


def bearer(user: User) -> str:
    """An access token of a sign-in of its own, good for a long test."""
    return family_start(user=user, method="command", lifetime=timedelta(hours=8)).access
