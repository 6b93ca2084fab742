"""One refresh token in many hands at the same moment."""

from collections import Counter

import pytest
from django.contrib.auth.models import User

from qenex.access.models import TokenFamily
from qenex.access.tokens import Issued, TokenEnded, TokenRefused, TokenReused, bearer, family_refresh, family_start
from tests.kernel.conftest import make_user
from tests.support.threads import together

ROUNDS = 5


@pytest.fixture
def person(database: None) -> User:
    """Somebody."""
    return make_user()


@pytest.mark.parametrize("racers", [2, 8])
def test_exactly_one_of_those_who_race_is_answered_and_the_family_ends(person: User, racers: int) -> None:
    for _ in range(ROUNDS):
        first = family_start(user=person, method="password")

        def race(_: int, refresh: str = first.refresh or "") -> Issued | type[TokenRefused]:
            try:
                return family_refresh(refresh=refresh)
            except TokenRefused as error:
                return type(error)

        results = together(racers, race)
        winners = [each for each in results if isinstance(each, Issued)]
        assert len(winners) == 1
        losers = Counter(each for each in results if not isinstance(each, Issued))
        assert losers == {TokenReused: 1} | ({TokenEnded: racers - 2} if racers > 2 else {})
        assert TokenFamily.objects.get(pk=first.family).ended_reason == "reused"
        with pytest.raises(TokenEnded):
            bearer(winners[0].access)
