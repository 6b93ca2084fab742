"""Whatever happens, in whatever order: a replay finds what is there, also while others go on writing."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from compliance.replay import replay
from ledger import services
from ledger.domain.drafts import Kind
from ledger.errors import Conflict
from ledger.models import Hold, RoleLimit
from qenex.access import approvals, groups, passwords, people, scopes
from qenex.access.apikeys import apikey_create, apikey_revoke, apikey_rotate
from qenex.access.apikeys.errors import ApiKeyError
from qenex.access.models import ApiKey, Approval
from qenex.access.people import PersonError
from qenex.kernel import clock
from tests.compliance.replay.comparing import nothing_differs
from tests.compliance.replay.people import ask, make_policy, make_role, make_user, with_app
from tests.support.ledger import give, hold, make_shop, on, post

pytestmark = pytest.mark.usefixtures("own_database", "database")
INDEX = st.integers(0, 20)


class History(RuleBasedStateMachine):
    """A book, its customers, and the people who work there."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = make_shop(3, funds="50")
        self.people: list[User] = [make_user("operations"), make_user("operations"), make_user("teller")]
        self.roles: list[Group] = [make_role("ledger.view_book")]

    @rule(steps=st.lists(st.tuples(st.sampled_from(["give", "hold", "timed"]), INDEX, INDEX), min_size=1, max_size=5))
    def batch(self, steps: list[tuple[str, int, int]]) -> None:
        accounts = [self.shop.cash, *self.shop.customers]
        drafts = []
        for what, one, other in steps:
            debit, credit = accounts[one % 4], accounts[(one + 1 + other % 3) % 4]
            timeout = {"timeout": 1 + other} if what == "timed" else {}
            make = give if what == "give" else hold
            drafts.append(make(debit, credit, Decimal(one + 1) / 4, **timeout))
        post(self.shop.book, *drafts)

    @rule(index=INDEX, kind=st.sampled_from([Kind.HOLD_POST, Kind.HOLD_VOID]), final=st.booleans())
    def resolve(self, index: int, kind: Kind, final: bool) -> None:
        found = list(Hold.objects.filter(book_id=self.shop.book.pk, status="open").order_by("pk"))
        if found:
            amount = "0.25" if kind is Kind.HOLD_POST and not final else 0
            post(self.shop.book, on(found[index % len(found)].pk, kind, amount, final=final or kind is Kind.HOLD_VOID))

    @rule()
    def expire(self) -> None:
        with clock.frozen(clock.now() + timedelta(minutes=1)):
            services.holds_expire()

    @rule(index=INDEX, status=st.sampled_from(["open", "frozen", "closed"]), floor=st.sampled_from([None, 0, -5, 7]))
    def change(self, index: int, status: str, floor: int | None) -> None:
        account = self.shop.customers[index % 3]
        try:
            limit = None if floor is None else Decimal(floor)
            services.account_update(account=account, status=status, floor=limit, metadata={"n": [index]})
        except Conflict:
            return

    @rule(name=st.text("aé\"'\\\n\t{}", max_size=5), status=st.sampled_from(["open", "closed"]))
    def book(self, name: str, status: str) -> None:
        services.book_update(book=self.shop.book, name=f"B {name}".strip(), status=status)

    @rule(index=INDEX, amount=st.decimals("0", "1e9", places=2))
    def limit(self, index: int, amount: Decimal) -> None:
        found = RoleLimit.objects.filter(account__in=self.shop.customers).first()
        if found is not None and index % 2:
            services.limit_delete(limit=found)
        else:
            services.limit_create(account=self.shop.customers[index % 3], maximum=amount)

    @rule()
    def hire(self) -> None:
        self.people.append(make_user())

    @rule(index=INDEX, active=st.booleans(), staff=st.booleans())
    def person(self, index: int, active: bool, staff: bool) -> None:
        user = self.people[index % len(self.people)]
        people.user_change(user=user, fields={"is_active": active, "is_staff": staff})

    @rule(index=INDEX, names=st.sets(st.sampled_from(["teller", "operations", "auditor"]), max_size=2))
    def role(self, index: int, names: set[str]) -> None:
        user = self.people[index % len(self.people)]
        try:
            people.roles_change(user=user, names={*names, *(Group.objects.get(pk=each.pk).name for each in self.roles)})
        except PersonError:
            return

    @rule(codenames=st.sets(st.sampled_from(["view_book", "view_hold", "view_asset"])))
    def rights(self, codenames: set[str]) -> None:
        role = Group.objects.get(pk=self.roles[-1].pk)
        seen = groups.permissions_of(role.permissions)
        wanted = [f"ledger.{each}" for each in codenames]
        groups.group_set(group=role.pk, name=f"r{uuid4().hex}", permissions=wanted, seen=seen)

    @rule()
    def another_role(self) -> None:
        self.roles.append(make_role("ledger.view_hold"))

    @precondition(lambda self: len(self.roles) > 1)
    @rule()
    def dismiss(self) -> None:
        groups.group_delete(group=Group.objects.get(pk=self.roles.pop().pk))

    @rule(index=INDEX, every=st.booleans())
    def reach(self, index: int, every: bool) -> None:
        user = self.people[index % len(self.people)]
        scopes.scope_set(user=user, books=None if every else [self.shop.book.pk])

    @rule(index=INDEX)
    def password(self, index: int) -> None:
        passwords.password_change(user=self.people[index % len(self.people)], password=uuid4().hex)

    @rule(index=INDEX, what=st.sampled_from(["create", "rotate", "revoke", "factor", "policy"]))
    def program(self, index: int, what: str) -> None:
        user = User.objects.get(pk=self.people[index % len(self.people)].pk)
        key = ApiKey.objects.filter(owner=user).first()
        try:
            if what == "create":
                apikey_create(owner=user, name="a key", scopes=["ledger.view_book"], cidrs=["192.0.2.0/24"])
            elif what == "rotate" and key is not None:
                apikey_rotate(key=key.pk)
            elif what == "revoke" and key is not None:
                apikey_revoke(key=key.pk, reason="lost")
        except (ApiKeyError, ValueError):
            return
        if what == "factor":
            with_app(user)
        elif what == "policy":
            make_policy()

    @rule(end=st.sampled_from(["reject", "approve", "withdraw", "wait"]), text=st.sampled_from(["a note", "refused"]))
    def approval(self, end: str, text: str) -> None:
        maker, checker = make_user("operations"), make_user("operations")
        waiting: UUID = ask(maker, "a note")
        if end == "reject":
            approvals.reject(approval=waiting, by=checker, comment=text)
        elif end == "approve":
            approvals.approve(approval=waiting, by=checker, comment=text)
        elif end == "withdraw":
            approvals.withdraw(approval=waiting, by=maker)
        assert Approval.objects.get(pk=waiting).status != "failed"

    def teardown(self) -> None:
        nothing_differs()


def test_any_history_is_replayed_to_what_is_there() -> None:
    options = settings(
        max_examples=6,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(History, settings=options)


@pytest.fixture
def writers() -> Iterator[threading.Event]:
    """Two writers who go on until they are told to stop."""
    enough = threading.Event()
    yield enough
    enough.set()


def test_writers_go_on_and_nothing_seems_to_differ(writers: threading.Event) -> None:
    shops = [make_shop(2, funds="1000") for _ in range(2)]

    def write(number: int) -> None:
        shop = shops[number]
        one, two = shop.pair
        while not writers.is_set():
            held = hold(one, two, 1, timeout=60)
            post(shop.book, held, give(one, two, 1))
            post(shop.book, on(held.id, Kind.HOLD_VOID), give(two, one, 1))
            services.account_update(account=one, name=uuid4().hex)
        connection.close()

    def look() -> list[str]:
        try:
            reports = [replay() for _ in range(3)]
        finally:
            writers.set()
        assert reports[-1].events > reports[0].events
        return [str(each) for report in reports for table in report.tables for each in table.differences]

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for each in threads:
        each.start()
    assert look() == []
    for each in threads:
        each.join()
