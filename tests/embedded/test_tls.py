"""The certificate: made, kept, made again in time, or the operator's with every mistake told in one line."""

import signal
import ssl
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from qenex.embedded import tls
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.plan import Plan
from qenex.embedded.ports import check_reach
from tests.embedded.conftest import Run
from tests.embedded.test_up import Session, free_port
from tests.support.web import Web

EVERYWHERE = "0.0.0.0"  # noqa: S104  # it is refused, or only written down


@pytest.fixture
def identity(tmp_path: Path) -> tls.Identity:
    """A certificate and its key."""
    return tls.development(tmp_path)


@pytest.fixture
def outlived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates that are made within it have expired a minute ago."""
    monkeypatch.setattr(tls, "VALID", timedelta(minutes=-1))


def certificate(identity: tls.Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.certificate.read_bytes())


def test_the_certificate_of_this_machine(identity: tls.Identity) -> None:
    made = certificate(identity)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    public = made.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert made.not_valid_before_utc < datetime.now(UTC) < made.not_valid_after_utc
    assert identity.key.stat().st_mode & 0o777 == 0o600
    assert identity.key.parent.stat().st_mode & 0o777 == 0o700
    assert len(identity.fingerprint()) == 32 * 3 - 1


def test_it_is_kept_until_its_end_is_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tls.development(tmp_path).fingerprint()
    assert tls.development(tmp_path).fingerprint() == first
    monkeypatch.setattr(tls, "RENEWED", tls.VALID + timedelta(minutes=1))
    assert tls.development(tmp_path).fingerprint() != first


def test_half_of_one_is_made_anew(identity: tls.Identity, tmp_path: Path) -> None:
    first = identity.fingerprint()
    identity.key.write_text("gone")
    assert tls.development(tmp_path).fingerprint() != first
    assert tls.own(str(identity.certificate), str(identity.key)) == identity


def test_an_operator_s_own_is_taken(identity: tls.Identity) -> None:
    assert tls.own(str(identity.certificate), str(identity.key)) == identity


def test_one_without_the_other(identity: tls.Identity) -> None:
    with pytest.raises(EmbeddedError, match=r"^QENEX_TLS_KEY is not set"):
        tls.own(str(identity.certificate), "")
    with pytest.raises(EmbeddedError, match=r"^QENEX_TLS_CERT is not set"):
        tls.own("", str(identity.key))


def test_another_certificate_s_key(identity: tls.Identity, tmp_path: Path) -> None:
    other = tls.development(tmp_path / "other")
    with pytest.raises(EmbeddedError, match=r"key\.pem is not the key of .+certificate\.pem$"):
        tls.own(str(identity.certificate), str(other.key))


@pytest.mark.usefixtures("outlived")
def test_an_expired_one(tmp_path: Path) -> None:
    place = tls.development(tmp_path)
    with pytest.raises(EmbeddedError, match=r"certificate\.pem expired on \d{4}-\d\d-\d\d; renew it$"):
        tls.own(str(place.certificate), str(place.key))


def test_a_key_that_everybody_may_read(identity: tls.Identity) -> None:
    identity.key.chmod(0o644)
    with pytest.raises(EmbeddedError, match=r"^everybody on this machine may read .+; chmod o= "):
        tls.own(str(identity.certificate), str(identity.key))


def test_files_that_are_none(identity: tls.Identity, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"nothing: No such file or directory$"):
        tls.own(str(tmp_path / "nothing"), str(identity.key))
    with pytest.raises(EmbeddedError, match=r"holds no certificate in PEM$"):
        tls.own(str(identity.key), str(identity.key))


@pytest.mark.parametrize(
    ("form", "password", "said"),
    [
        (PrivateFormat.TraditionalOpenSSL, None, r"must be PKCS#8: openssl pkcs8 -topk8"),
        (PrivateFormat.PKCS8, b"secret", r"holds no private key in PEM that can be read without a password$"),
    ],
)
def test_forms_of_keys_that_the_server_cannot_read(
    identity: tls.Identity, form: PrivateFormat, password: bytes | None, said: str
) -> None:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    key = ec.generate_private_key(ec.SECP256R1())
    identity.key.write_bytes(key.private_bytes(Encoding.PEM, form, encryption))
    with pytest.raises(EmbeddedError, match=said):
        tls.own(str(identity.certificate), str(identity.key))


@pytest.mark.parametrize(
    ("host", "secure", "proxies", "refused"),
    [
        ("127.0.0.1", False, 0, False),
        ("127.8.8.8", False, 0, False),
        ("::1", False, 0, False),
        ("localhost", False, 0, False),
        (EVERYWHERE, False, 0, True),
        ("192.0.2.1", False, 0, True),
        ("qenex.example", False, 0, True),
        (EVERYWHERE, True, 0, False),
        (EVERYWHERE, False, 1, False),
    ],
)
def test_without_tls_only_this_machine_is_served(host: str, secure: bool, proxies: int, refused: bool) -> None:
    said = f"^{host} can be reached from elsewhere, which needs TLS: make run TLS=1, or TRUSTED_PROXIES$"
    with pytest.raises(EmbeddedError, match=said) if refused else nullcontext():
        check_reach(host, tls=secure, proxies=proxies)


def test_the_plan_names_the_protocol_and_tells_the_processes(identity: tls.Identity, tmp_path: Path) -> None:
    plain, secure = (Plan(tmp_path, EVERYWHERE, 8443, 1, 1, each) for each in (None, identity))
    assert (plain.address, secure.address) == ("http://127.0.0.1:8443", "https://127.0.0.1:8443")
    command = secure.programs()[0].command
    assert command[command.index("--ssl-protocol-min") + 1] == "tls1.3"
    assert "--ssl-certificate" not in plain.programs()[0].command
    assert [program.environment.get("QENEX_TLS") for program in secure.programs()] == ["1"] * 4
    assert plain.programs()[0].environment.get("QENEX_TLS") is None
    assert {program.environment["PORT"] for program in plain.programs()} == {"8443"}


def test_only_the_very_certificate_is_trusted(identity: tls.Identity, tmp_path: Path) -> None:
    context = identity.client()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert len(context.get_ca_certs()) <= 1


@pytest.mark.timeout(240)
def test_up_with_tls_serves_and_says_which_certificate_it_shows(var: Path, run: Run) -> None:
    session = Session(run, free_port(), "--no-demo", "--tls")
    assert "https://localhost" in session.read_until("QENEX runs at").string
    session.read_until("its SHA-256 is")
    shown = session.read_until("  ([0-9A-F:]+)$").group(1)
    identity = tls.Identity(var / "tls" / "certificate.pem", var / "tls" / "key.pem")
    assert shown == identity.fingerprint()

    reply = Web(session.port, identity.client()).get("/livez")
    assert (reply.status, reply.body) == (200, b"ok\n")
    assert "strict-transport-security" not in reply.headers

    assert session.end(signal.SIGINT) == 0


def test_up_on_every_address_without_tls_is_told_in_one_line(var: Path, run: Run) -> None:
    process = run("manage.py", "up", "--host", EVERYWHERE, "--port", str(free_port()))
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert output == (
        "CommandError: 0.0.0.0 can be reached from elsewhere, which needs TLS: make run TLS=1, or TRUSTED_PROXIES\n"
    )


def test_the_plan_has_a_witness_and_tells_the_processes_of_it(tmp_path: Path) -> None:
    without, having = (Plan(tmp_path, EVERYWHERE, 8443, 1, 1, None, witness) for witness in (False, True))
    assert [program.name for program in having.programs()] == [*(each.name for each in without.programs()), "witness"]
    told = {program.environment.get("QENEX_WITNESSES_FILE") for program in having.programs()}
    assert told == {str(tmp_path / "witness" / "client")}
    assert {program.environment.get("QENEX_WITNESS_QUORUM") for program in having.programs()} == {"1"}
    assert {program.environment.get("QENEX_WITNESSES_FILE") for program in without.programs()} == {None}
