"""Keys of programs: how they are made, rotated and revoked, and what is never shown."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from qenex.access import approvals
from qenex.access.apikeys import (
    KeyInvalid,
    KeyRevoked,
    NothingWaits,
    OneSecret,
    OwnersOnly,
    TwoSecrets,
    apikey_ask,
    apikey_collect,
    apikey_create,
    apikey_prepare,
    apikey_retire,
    apikey_revoke,
    apikey_rotate,
    callers,
    nonces,
    usage,
)
from qenex.access.apikeys.nonces import Used
from qenex.access.apikeys.services import CREATE
from qenex.access.keyscopes import NAMED, covers, writes
from qenex.access.models import ApiKey, ApiKeySecret, KeyOwner, Nonce
from qenex.access.roles import known_permissions
from qenex.kernel import clock
from qenex.kernel.context import ANONYMOUS, Context, acting
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.approvals import by, policy
from tests.support.ledger import make_shop
from tests.support.marked import marked
from tests.support.people import make_user as make_staff
from tests.support.signing import make_program

pytestmark = pytest.mark.usefixtures("database")


def _events(key: ApiKey) -> list[str]:
    rows = Event.objects.filter(subject_type="apikey", subject_id=str(key.pk)).order_by("recorded_at", "id")
    return [row.type.removeprefix("access.apikey.") for row in rows]


def test_a_key_is_made_with_one_secret_that_no_event_and_no_row_shows() -> None:
    made = apikey_create(owner=make_user(), name=" Payroll ", scopes=["transfers", "read", "read"])
    key = ApiKey.objects.get(pk=made.key.pk)
    assert (key.name, key.scopes, key.books, key.cidrs) == ("Payroll", ["read", "transfers"], [], [])
    assert (len(made.secret), made.text) == (32, made.secret.hex())
    assert _events(key) == ["created"]
    event = Event.objects.get(subject_id=str(key.pk))
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM access_apikeysecret WHERE key_id = %s", [key.pk])
        [(stored,)] = cursor.fetchall()
    for text in (bytes(event.body), bytes(stored)):
        assert made.secret not in text
        assert made.text.encode() not in text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "  ", "A name has 1 to 100 visible characters."),
        ("name", "a\nb", "A name has 1 to 100 visible characters."),
        ("name", "x" * 101, "A name has 1 to 100 visible characters."),
        ("scopes", [], "A key has at least one scope."),
        ("scopes", ["read", "everything"], "There is no scope everything."),
        ("scopes", ["ledger.no_such"], "There is no scope ledger.no_such."),
        ("scopes", ["access.check_approval"], "No key may have the scope access.check_approval: it is for people."),
        ("scopes", ["auth.change_user"], "No key may have the scope auth.change_user: it is for people."),
        ("cidrs", ["10.0.0.1/8"], "10.0.0.1/8 has host bits set."),
        ("cidrs", ["nowhere"], "'nowhere' does not appear to be an IPv4 or IPv6 network."),
        ("expires_at", clock.now() - timedelta(seconds=1), "The key would be expired at once."),
    ],
)
def test_terms_that_make_no_sense_make_no_key(field: str, value: object, message: str) -> None:
    owner = make_user()
    terms = {"owner": owner, "name": "n", "scopes": ["read"], field: value}
    with pytest.raises(KeyInvalid) as caught:
        apikey_create(**terms)  # type: ignore[arg-type]  # that is the test
    assert (caught.value.field, str(caught.value)) == (field, message)
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_a_key_is_for_books_that_are_there_and_that_its_owner_reaches() -> None:
    one, other, nowhere = make_shop(1).book.pk, make_shop(1).book.pk, uuid4()
    owner = make_staff(books=(one,))
    for book, message in (
        (nowhere, f"There is no book {nowhere}."),
        (other, f"The owner does not reach the book {other}."),
    ):
        with pytest.raises(KeyInvalid) as caught:
            apikey_create(owner=owner, name="n", scopes=["read"], books=[book])
        assert str(caught.value) == message
    assert apikey_create(owner=owner, name="n", scopes=["read"], books=[one]).key.books == [one]


def test_nobody_who_is_not_active_gets_a_key() -> None:
    with pytest.raises(KeyInvalid, match="not active"):
        apikey_create(owner=make_user(is_active=False), name="n", scopes=["read"])


def test_a_second_secret_counts_beside_the_first_until_that_is_retired_and_wiped() -> None:
    program = make_program(make_user(), "read")
    key = program.key
    with pytest.raises(OneSecret):
        apikey_retire(key=key.pk)
    new = apikey_rotate(key=key.pk).secret
    found = callers.find(key.key_id)
    assert found is not None
    assert found.secrets == (new, program.secret)
    with pytest.raises(TwoSecrets):
        apikey_rotate(key=key.pk)
    apikey_retire(key=key.pk)
    found = callers.find(key.key_id)
    assert found is not None
    assert found.secrets == (new,)
    assert ApiKeySecret.objects.get(key=key, retired_at__isnull=False).secret is None
    third = apikey_rotate(key=key.pk).secret
    assert third not in (new, program.secret)
    assert _events(key) == ["created", "rotated", "secret_retired", "rotated"]


def test_three_live_secrets_are_more_than_the_database_keeps() -> None:
    key = make_program(make_user(), "read").key
    apikey_rotate(key=key.pk)
    for slot in (1, 2, 3):
        with pytest.raises(IntegrityError):
            ApiKeySecret.objects.create(key=key, slot=slot, secret=b"x", created_at=clock.now())
    assert ApiKeySecret.objects.filter(key=key, retired_at=None).count() == 2


def test_a_revoked_key_is_nobodys_for_ever() -> None:
    key = make_program(make_user(), "read").key
    apikey_revoke(key=key.pk, reason="lost")
    apikey_revoke(key=key.pk)
    assert callers.find(key.key_id) is None
    for change in (apikey_rotate, apikey_retire):
        with pytest.raises(KeyRevoked):
            change(key=key.pk)
    assert not ApiKeySecret.objects.filter(key=key, retired_at=None).exists()
    assert _events(key) == ["created", "revoked"]


def test_an_expired_key_one_of_nobody_and_one_of_a_sleeping_owner_are_not_found() -> None:
    owner = make_user()
    key = make_program(owner, "read", expires_at=clock.now() + timedelta(hours=1)).key
    assert callers.find(key.key_id) is not None
    with marked():
        ApiKey.objects.filter(pk=key.pk).update(created_at=clock.now() - timedelta(2), expires_at=clock.now())
    assert callers.find(key.key_id) is None
    key = make_program(owner, "read").key
    owner.is_active = False
    with marked():
        owner.save()
    assert callers.find(key.key_id) is None
    assert callers.find("qk_nobody") is None
    assert callers.find(None) is None


def test_the_owner_of_a_key_may_do_what_both_may() -> None:
    user = make_user("ledger.view_book", "ledger.post_transfer")
    owner = KeyOwner.objects.get(pk=user.pk)
    assert not owner.has_perm("ledger.view_book")
    owner.granted = frozenset({"read", "ledger.post_journal"})
    assert [owner.has_perm(f"ledger.{name}") for name in ("view_book", "post_transfer", "post_journal")] == [
        True,
        False,
        False,
    ]
    assert owner.get_all_permissions() == {"ledger.view_book"}
    assert not owner.has_module_perms("ledger")


def test_superusers_keys_do_no_more_than_their_scopes() -> None:
    owner = KeyOwner.objects.get(pk=make_user(is_superuser=True).pk)
    owner.granted = frozenset({"transfers", "access.check_approval"})
    asked = ("ledger.post_transfer", "ledger.post_journal", "access.check_approval")
    assert [owner.has_perm(name) for name in asked] == [True, False, False]


def test_every_named_scope_means_permissions_that_there_are() -> None:
    known = known_permissions()
    for scope in NAMED:
        assert any(covers([scope], name) for name in known), scope
        assert writes([scope]) is (scope != "read")
    assert not writes(["ledger.view_book", "read"])
    assert writes(["read", "ledger.post_transfer"])


def test_a_key_that_writes_takes_two_people_where_a_policy_says_so() -> None:
    owner, maker = make_user("ledger.post_transfer"), make_user("access.add_apikey")
    checker = make_user("access.check_approval", "access.add_apikey")
    with policy(CREATE), by(maker):
        assert apikey_prepare(owner=owner, name="reads", scopes=["read"]).scopes == ["read"]
        with pytest.raises(approvals.ApprovalRequired) as caught:
            apikey_prepare(owner=owner, name="writes", scopes=["transfers"])
        assert not ApiKey.objects.filter(owner=owner, name="writes").exists()
        asked = approvals.request(command=CREATE, payload=caught.value.payload, reason="needed")
    with by(checker):
        done = approvals.approve(approval=asked.pk, by=checker)
    key = ApiKey.objects.get(owner=owner, name="writes")
    assert (done.status, done.result) == ("executed", key.key_id)
    assert callers.find(key.key_id) is None  # it has no secret yet
    for stranger in (maker, checker):
        with by(stranger), pytest.raises(OwnersOnly):
            apikey_collect(key=key.pk)
    with by(owner):
        secret = apikey_collect(key=key.pk).secret
    found = callers.find(key.key_id)
    assert found is not None
    assert found.secrets == (secret,)


def test_an_approved_key_whose_owner_has_left_is_not_made() -> None:
    owner, maker = make_user(), make_user("access.add_apikey")
    checker = make_user("access.check_approval", "access.add_apikey")
    with policy(CREATE), by(maker):
        with pytest.raises(approvals.ApprovalRequired) as caught:
            apikey_prepare(owner=owner, name="writes", scopes=["transfers"])
        asked = approvals.request(command=CREATE, payload=caught.value.payload, reason="needed")
    owner.is_active = False
    with marked():
        owner.save()
    with by(checker):
        assert approvals.approve(approval=asked.pk, by=checker).status == "failed"
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_nobody_but_the_owner_gets_a_secret_whoever_made_the_key() -> None:
    owner, maker = make_user(), make_user(is_superuser=True)
    program = make_program(owner, "read")
    with by(maker):
        with pytest.raises(OwnersOnly):
            apikey_create(owner=owner, name="n", scopes=["read"])
        key = apikey_prepare(owner=owner, name="waits", scopes=["read"])
        for command in (apikey_collect, apikey_rotate):
            for each in (key, program.key):
                with pytest.raises(OwnersOnly):
                    command(key=each.pk)
    with acting(Context(actor=ANONYMOUS, method=ANONYMOUS)), pytest.raises(OwnersOnly):
        apikey_collect(key=key.pk)
    assert not ApiKeySecret.objects.filter(key=key).exists()
    assert ApiKeySecret.objects.filter(key=program.key).count() == 1
    assert callers.find(key.key_id) is None
    with by(owner):
        secret = apikey_collect(key=key.pk).secret
        with pytest.raises(NothingWaits):
            apikey_collect(key=key.pk)
    found = callers.find(key.key_id)
    assert found is not None
    assert found.secrets == (secret,)
    assert ApiKeySecret.objects.get(key=key).collected_by == owner.pk
    assert _events(key) == ["created", "collected"]


def test_another_secret_that_was_asked_for_waits_for_the_owner_while_the_present_one_counts() -> None:
    owner, maker = make_user(), make_user()
    program = make_program(owner, "read")
    with by(maker):
        apikey_ask(key=program.key.pk)
        apikey_ask(key=program.key.pk)
    found = callers.find(program.key.key_id)
    assert found is not None
    assert found.secrets == (program.secret,)
    with by(owner):
        new = apikey_collect(key=program.key.pk).secret
    found = callers.find(program.key.key_id)
    assert found is not None
    assert found.secrets == (new, program.secret)
    with by(maker), pytest.raises(TwoSecrets):
        apikey_ask(key=program.key.pk)
    assert _events(program.key) == ["created", "rotation_asked", "collected"]


def test_a_secret_that_is_made_in_the_meantime_is_the_one_that_waited() -> None:
    key = apikey_prepare(owner=make_user(), name="a service", scopes=["read"])
    apikey_rotate(key=key.pk)  # by an operator at the shell
    with pytest.raises(NothingWaits):
        apikey_collect(key=key.pk)
    assert ApiKeySecret.objects.get(key=key).collected_by is None


def test_nothing_waits_at_a_key_that_is_revoked() -> None:
    key = apikey_prepare(owner=make_user(), name="n", scopes=["read"])
    apikey_revoke(key=key.pk)
    for command in (apikey_collect, apikey_ask):
        with pytest.raises(KeyRevoked):
            command(key=key.pk)
    assert ApiKey.objects.get(pk=key.pk).secret_due_at is None
    with pytest.raises(IntegrityError, match="apikey_revoked_waits_for_nothing"):
        ApiKey.objects.filter(pk=key.pk).update(secret_due_at=clock.now())


def test_the_database_gives_a_secret_to_the_owner_alone_and_the_key_to_nobody_else() -> None:
    owner, other = make_user(), make_user()
    key = apikey_prepare(owner=owner, name="n", scopes=["read"])
    with pytest.raises(IntegrityError, match="apikeysecret_collected_by_owner"):
        ApiKeySecret.objects.create(key=key, slot=1, secret=b"x", created_at=clock.now(), collected_by=other.pk)
    with by(owner):
        apikey_collect(key=key.pk)
    with pytest.raises(IntegrityError, match="apikeysecret_collected_by_owner"):
        ApiKey.objects.filter(pk=key.pk).update(owner=other)
    assert ApiKey.objects.get(pk=key.pk).owner_id == owner.pk
    with marked():
        owner.delete()
    assert not ApiKey.objects.filter(pk=key.pk).exists()


def test_a_nonce_is_new_once_for_each_key_and_forgotten_when_its_signature_is_too_old() -> None:
    one, other, until = uuid4(), uuid4(), clock.now() + timedelta(minutes=1)
    first, second = Used(one, "n" * 8), Used(other, "n" * 8)
    assert nonces.use([]) == set()
    assert nonces.use([(first, until), (second, until)]) == {first, second}
    assert nonces.use([(first, until), (Used(one, "m" * 8), until)]) == {Used(one, "m" * 8)}
    Nonce.objects.filter(key_id=one, nonce="n" * 8).update(expires_at=clock.now() - timedelta(seconds=1))
    assert nonces.prune() >= 1
    assert set(Nonce.objects.filter(key_id=one).values_list("nonce", flat=True)) == {"m" * 8}


def test_the_last_use_is_written_at_most_every_half_minute() -> None:
    key = make_program(make_user(), "read").key
    for earlier, address, written in ((0.0, "192.0.2.1", 1), (29.0, "192.0.2.2", 0), (1.0, "192.0.2.3", 1)):
        if earlier:
            usage._written[key.pk] -= earlier
        assert usage.apikey_used([(key.pk, address)]) == written
        key.refresh_from_db()
        assert (key.last_used_address == address) is bool(written)
    assert _events(key) == ["created"]
