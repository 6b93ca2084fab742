"""The states of people, programs and approvals follow from the log, and a replay names what does not."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from compliance.replay import Replay, opened, replay
from qenex.access.models import ApiKeySecret
from tests.compliance.replay.comparing import (
    Key,
    change_each_column,
    compared,
    delete_each_row,
    each_column,
    nothing_differs,
)
from tests.compliance.replay.people import Crowd
from tests.support.sabotage import undone

pytestmark = pytest.mark.usefixtures("own_database", "database")
ACCESS = ("roles", "users", "memberships", "scopes", "policies", "approvals", "apikeys", "factors")


@pytest.fixture(scope="module")
def crowd(own_database: None, django_db_blocker: DjangoDbBlocker) -> Crowd:
    with django_db_blocker.unblock():
        return Crowd()


@pytest.fixture
def replayed(crowd: Crowd) -> Iterator[Replay]:
    with opened(ACCESS, using="owner") as built:
        yield built


def keys(crowd: Crowd) -> dict[str, Key]:
    """One row of each table that has some."""
    user, role = str(crowd.user.pk), str(crowd.role.pk)
    return {
        "auth_group": (role,),
        "auth_user": (user,),
        "access_person": (user,),
        "auth_user_groups": (user, role),
        "access_bookscope": (user, str(crowd.book.pk)),
        "access_approvalpolicy": (str(crowd.policy.pk),),
        "access_approval": (str(crowd.approval),),
        "access_apikey": (str(crowd.key.pk),),
        "access_apikeysecret": (str(ApiKeySecret.objects.get(key=crowd.key, retired_at=None).pk),),
        "access_authenticatorapp": (str(crowd.app),),
    }


def test_all_of_a_database_is_as_the_log_tells(crowd: Crowd) -> None:
    nothing_differs()
    rows = {table.name: table.rows for table in replay(ACCESS, compared=False).tables}
    assert {name for name, count in rows.items() if not count} == {"auth_user_user_permissions", "access_passkey"}
    assert set(keys(crowd)) <= set(rows)


def test_every_column_that_is_changed_behind_the_log_is_named_alone(crowd: Crowd, replayed: Replay) -> None:
    known = keys(crowd)
    _forget_empty(replayed)
    assert change_each_column(replayed, known) == each_column(replayed, known)


def test_a_row_that_is_gone_is_named(crowd: Crowd, replayed: Replay) -> None:
    known = keys(crowd)
    _forget_empty(replayed)
    assert delete_each_row(replayed, known) == {name: [("/".join(key), "(row)")] for name, key in known.items()}


def test_a_right_that_somebody_has_given_himself_is_named(crowd: Crowd, replayed: Replay) -> None:
    user, role = crowd.user.pk, crowd.role.pk
    for table, owner in (
        ("auth_group_permissions", ("group_id", role)),
        ("auth_user_user_permissions", ("user_id", user)),
    ):
        with undone(replayed.cursor):
            replayed.cursor.execute(
                f"INSERT INTO {table} ({owner[0]}, permission_id) SELECT %s, p.id FROM auth_permission p"  # noqa: S608  # names of ours
                " JOIN django_content_type c ON c.id = p.content_type_id"
                " WHERE c.app_label = 'ledger' AND p.codename = 'post_transfer'",
                [owner[1]],
            )
            assert compared(replayed, replayed.shadows[table].table) == [(f"{owner[1]}/ledger.post_transfer", "(row)")]
        assert compared(replayed, replayed.shadows[table].table) == []


def test_a_passkey_that_nobody_has_registered_is_named(crowd: Crowd, replayed: Replay) -> None:
    with undone(replayed.cursor):
        replayed.cursor.execute(
            "INSERT INTO access_passkey (user_id, name, confirmed, created_at, credential_id, credential_id_sha256,"
            " public_key, transports, sign_count, aaguid, credential_type, backup_eligible, backup_state)"
            " VALUES (%s, '', true, now(), 'x', 'y', 'z', '[]', 0, '', 'public-key', false, false) RETURNING id",
            [crowd.user.pk],
        )
        (id,) = replayed.cursor.fetchone()
        assert compared(replayed, replayed.shadows["access_passkey"].table) == [(str(id), "(row)")]


def _forget_empty(replayed: Replay) -> None:
    """The tables of which the tests above change no row."""
    for name in ("access_passkey", "auth_user_user_permissions", "auth_group_permissions"):
        replayed.shadows.pop(name)
