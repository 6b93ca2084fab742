"""Staff who look at the trail, and a trail to be looked at."""

import pytest
from django.test import Client

from tests.support.people import make_user, staff_client


@pytest.fixture
def auditor(database: None) -> Client:
    """An auditor's browser."""
    return staff_client(make_user(roles=("auditor",)))
