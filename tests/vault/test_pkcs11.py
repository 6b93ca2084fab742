"""An HSM keeps the keys: on a real module, with two slots, wrong PINs, lost sessions, forks and restarts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pkcs11
import pytest
from django.db import connection
from django.test import Client
from pkcs11 import Attribute, Mechanism
from pkcs11.exceptions import AttributeSensitive

from qenex.embedded.guard import PROJECT
from qenex.vault import providers, signing
from qenex.vault.errors import ProviderUnavailable, Tampered
from qenex.vault.models import DataKey, SigningKey
from qenex.vault.providers import hsm as connecting
from qenex.vault.providers.pkcs11 import Pkcs11Provider
from tests.support.hsm import PINS, module
from tests.support.threads import together
from tests.support.vault import forget, use_token

pytestmark = [
    pytest.mark.usefixtures("hsm"),
    # python-pkcs11 complains when it drops a search of a session that is gone.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RESTARTED = """
import sys, django
django.setup()
from tests.vault.notes.models import Note
from qenex.vault import signing
print(Note._default_manager.get().text, signing.sign("tokens", b"data").signature.hex())
"""


_opened: list[Pkcs11Provider] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """A process is logged in to a token as long as one of its providers is."""
    yield
    while _opened:
        _opened.pop().close()


def provider(label: str = "first", pin: str | None = None) -> Pkcs11Provider:
    _opened.append(Pkcs11Provider(str(module()), label, pin or PINS[label]))
    return _opened[-1]


def note(text: str) -> Any:
    from tests.vault.notes.models import Note

    return Note._default_manager.create(person=uuid4(), text=text)


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def test_values_and_signatures_of_the_hsm() -> None:
    row = note("a secret")
    forget()
    assert again(row).text == "a secret"
    signed = signing.sign("tokens", b"data")
    [key] = signing.public_keys("tokens")
    assert (signed.algorithm, key.verify(b"data", signed.signature), key.verify(b"Data", signed.signature)) == (
        "EdDSA",
        True,
        False,
    )
    assert [each.kek_id.partition(":")[0] for each in DataKey.objects.all()] == ["pkcs11"]
    assert [(each.wrapped, each.kek_id) for each in SigningKey.objects.all()] == [(None, "pkcs11:")]


def test_es256_where_the_hsm_lacks_eddsa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pkcs11Provider, "algorithms", lambda self: ["ES256"])
    signed = signing.sign("tokens", b"data")
    [key] = signing.public_keys("tokens")
    assert (signed.algorithm, len(signed.signature), key.verify(b"data", signed.signature)) == ("ES256", 64, True)


def test_what_the_hsm_lacks_is_seen_by_its_mechanisms() -> None:
    here = provider()
    assert here.algorithms() == ("EdDSA", "ES256")

    def without(session: Any) -> Any:
        return session.raw.token.slot.get_mechanisms() - {Mechanism.EDDSA}

    assert Mechanism.EDDSA not in here._hsm.run(without)


def test_no_key_can_be_read_out_of_the_token() -> None:
    note("a secret")
    signing.signer("tokens")

    def read(session: connecting.Session) -> list[str]:
        found = [key for key in session.raw.get_objects() if key[Attribute.CLASS] != pkcs11.ObjectClass.PUBLIC_KEY]
        for key in found:
            assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE], key[Attribute.PRIVATE]) == (True, False, True)
            with pytest.raises(AttributeSensitive):
                key[Attribute.VALUE]
        return [key.label for key in found]

    labels = provider()._hsm.run(read)
    assert "qenex-kek-00001" in labels
    assert any(label.startswith("qenex-tokens-") for label in labels)


def test_what_was_changed_is_told_from_a_lost_hsm() -> None:
    here = provider()
    kek = here.make(1)
    wrapped = here.wrap(kek, bytes(32), b"whose")
    assert here.unwrap(kek.id, wrapped, b"whose") == bytes(32)
    for changed, aad in (
        (wrapped, b"another's"),
        (bytes([wrapped[0] ^ 1]) + wrapped[1:], b"whose"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"whose"),
        (wrapped[:20], b"whose"),
    ):
        with pytest.raises(Tampered):
            here.unwrap(kek.id, changed, aad)
    assert here.unwrap(kek.id, wrapped, b"whose") == bytes(32)


@pytest.mark.parametrize(
    ("label", "pin", "message"),
    [
        ("first", "000000", r"the HSM refuses the PIN of the token 'first' \(PinIncorrect\); mend it and restart"),
        ("first", "1", r"the HSM refuses the PIN of the token 'first' \(Pin"),
        ("third", "000000", "the HSM has no token 'third'"),
        ("second", None, r"the key pkcs11:[0-9a-f]{16} is not in the HSM; is it the right token\?"),
    ],
)
def test_a_wrong_token_or_pin_is_one_line_a_red_probe_and_nothing_in_clear(
    settings: Any, label: str, pin: str | None, message: str
) -> None:
    row = note("a planted secret")
    use_token(settings, label, pin)
    with pytest.raises(ProviderUnavailable, match=message) as caught:
        again(row).text  # noqa: B018  # reading opens
    assert "\n" not in str(caught.value)
    response = Client().get("/readyz")
    keys = response.json()["checks"]["keys"]
    assert (response.status_code, keys["status"], keys["detail"]) == (503, "failed", str(caught.value))
    if label != "second":
        with pytest.raises(ProviderUnavailable):
            note("another secret")
        assert type(row).objects.count() == 1
        use_token(settings, "first")
        assert (again(row).text, Client().get("/readyz").status_code) == ("a planted secret", 200)


def test_a_token_without_our_keys_makes_none_in_the_place_of_lost_ones(settings: Any) -> None:
    note("a secret")
    use_token(settings, "second")
    with pytest.raises(ProviderUnavailable, match="the pkcs11 provider has lost its key-encryption keys; restore them"):
        note("another secret")
    assert provider("second").newest() is None


def test_a_refused_pin_is_not_tried_again_by_the_same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens lock after a few wrong PINs, and a probe asks every few seconds."""
    tries: list[str] = []
    login = connecting._login

    def counted(token: Any, pin: str) -> Any:
        tries.append(pin)
        return login(token, pin)

    monkeypatch.setattr(connecting, "_login", counted)
    forget()
    here = provider("first", "000000")
    for _ in range(20):
        with pytest.raises(ProviderUnavailable, match="refuses the PIN"):
            here.check()
    assert tries == ["000000"]


def test_a_lost_session_is_opened_again_once() -> None:
    here = provider()
    kek = here.make(1)
    wrapped = here.wrap(kek, bytes(32), b"")
    assert here._hsm._session is not None
    here._hsm._session.raw.close()
    assert here.unwrap(kek.id, wrapped, b"") == bytes(32)
    pkcs11.lib(str(module())).finalize()
    assert here.unwrap(kek.id, wrapped, b"") == bytes(32)


def test_a_lost_token_is_one_line_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    here = provider()
    kek = here.make(1)
    wrapped = here.wrap(kek, bytes(32), b"")
    monkeypatch.setenv("SOFTHSM2_CONF", "/nowhere/softhsm2.conf")
    pkcs11.lib(str(module())).finalize()
    with pytest.raises(ProviderUnavailable, match=r"the (HSM|PKCS#11 module) "):
        here.unwrap(kek.id, wrapped, b"")
    monkeypatch.undo()
    assert here.unwrap(kek.id, wrapped, b"") == bytes(32)


def test_a_library_that_is_not_there_is_one_line() -> None:
    with pytest.raises(ProviderUnavailable, match=r"the PKCS#11 module /nowhere\.so cannot be loaded"):
        Pkcs11Provider("/nowhere.so", "first", "1").check()


def test_an_action_that_keeps_failing_is_one_line() -> None:
    here = provider()
    here.check()
    tries: list[connecting.Session] = []

    def fail(session: connecting.Session) -> None:
        tries.append(session)
        raise pkcs11.DeviceError

    with pytest.raises(ProviderUnavailable, match="the HSM failed: DeviceError"):
        here._hsm.run(fail)
    assert (len(tries), tries[0] is not tries[1]) == (2, True)


def test_threads_take_turns() -> None:
    here = provider()
    kek = here.make(1)
    wrapped = [here.wrap(kek, bytes([number] * 32), b"") for number in range(8)]

    def unwrap(number: int) -> bool:
        return all(here.unwrap(kek.id, wrapped[number], b"") == bytes([number] * 32) for _ in range(100))

    assert together(8, unwrap) == [True] * 8


def test_threads_that_race_for_the_first_key_get_the_same() -> None:
    assert len(set(together(4, lambda _: provider().make(7)))) == 1


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_opens_its_own_session_and_leaves_the_parents_alone() -> None:
    row = note("a secret")
    kek = providers.current().newest()
    assert kek is not None
    wrapped = providers.current().wrap(kek, bytes(32), b"")
    signer = signing.signer("tokens")
    child = os.fork()
    if child == 0:
        right = False
        try:
            right = providers.current().unwrap(kek.id, wrapped, b"") == bytes(32) and len(signer.sign(b"data")) == 64
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert providers.current().unwrap(kek.id, wrapped, b"") == bytes(32)
    assert (again(row).text, len(signer.sign(b"data"))) == ("a secret", 64)


def test_a_new_process_opens_and_signs_with_the_same_keys(hsm: dict[str, str]) -> None:
    note("a secret")
    signing.signer("tokens")
    connection.close()
    command = [sys.executable, "-W", "ignore", "-c", RESTARTED]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | hsm, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    text, _, signature = done.stdout.strip().rpartition(" ")
    [key] = signing.public_keys("tokens")
    assert (text, key.verify(b"data", bytes.fromhex(signature))) == ("a secret", True)
