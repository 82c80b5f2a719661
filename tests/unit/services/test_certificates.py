import os
import ssl
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from secure_file_transfer.errors import ConfigurationError, ExistsError, StorageError
from secure_file_transfer.model import TimeUs
from secure_file_transfer.services.certificates import (
    Certificates,
    Pair,
    check_server_files,
    fingerprint,
    init,
    make_ca,
    make_server_certificate,
    needs_renewal,
)
from secure_file_transfer.services.hosts import local_hosts, parse_host
from secure_file_transfer.services.pem import as_datetime
from secure_file_transfer.testing.clock import FakeClock

DAY_US = 24 * 3600 * 1_000_000
HOSTS = ["files.example.com", "*.lan.example", "localhost", "127.0.0.1", "::1", "192.0.2.7", "bücher.example"]


def write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def openssl(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode == 0 else f"FAILED: {done.stdout}{done.stderr}"


def in_days(days: float) -> TimeUs:
    return TimeUs(FakeClock().now_us() + int(days * DAY_US))


def leaf(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(pem)[0]


# --- what the certificates are ----------------------------------------------------------------------------------


def test_the_authority_can_sign_end_certificates_only_for_ten_years() -> None:
    ca = leaf(make_ca("test CA", in_days(0)).cert)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    assert not ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).critical
    assert isinstance(ca.public_key(), ec.EllipticCurvePublicKey)
    assert 3650 < (ca.not_valid_after_utc - ca.not_valid_before_utc).days < 3655


def test_the_server_certificate_lasts_397_days_in_all_and_has_begun_already() -> None:
    now = in_days(0)
    cert = leaf(make_server_certificate(make_ca("test CA", now), HOSTS, now).cert)
    assert (cert.not_valid_after_utc - cert.not_valid_before_utc).days == 397
    assert (as_datetime(now) - cert.not_valid_before_utc).days == 1
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_server_certificate_never_outlives_its_authority() -> None:
    ca = make_ca("test CA", in_days(0))
    cert = leaf(make_server_certificate(ca, ["localhost"], in_days(3640)).cert)
    assert cert.not_valid_after_utc == leaf(ca.cert).not_valid_after_utc
    with pytest.raises(ConfigurationError, match="expired"):
        make_server_certificate(ca, ["localhost"], in_days(3653))


def test_a_private_key_does_not_show_when_a_pair_is_printed() -> None:
    assert "PRIVATE" not in repr(make_ca("test CA", in_days(0)))  # attack 42


@pytest.mark.peer
def test_openssl_verifies_the_chain_and_every_host(tmp_path: Path) -> None:
    files = init(tmp_path, HOSTS, _now(), write)
    verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", files.ca_cert]
    assert openssl(*verify, files.chain).strip() == f"{files.chain}: OK"
    for host in ("files.example.com", "a.lan.example", "localhost", "xn--bcher-kva.example"):
        assert "does match" in openssl("x509", "-in", files.chain, "-noout", "-checkhost", host)
    for address in ("127.0.0.1", "::1", "192.0.2.7"):
        assert "does match" in openssl("x509", "-in", files.chain, "-noout", "-checkip", address)
    assert "does NOT match" in openssl("x509", "-in", files.chain, "-noout", "-checkhost", "evil.example")
    other = init(tmp_path / "other", HOSTS, _now(), write)
    assert openssl("verify", "-CAfile", other.ca_cert, files.chain).startswith("FAILED")


@pytest.mark.peer
def test_the_fingerprint_is_what_openssl_prints(tmp_path: Path) -> None:
    files = init(tmp_path, ["localhost"], _now(), write)
    printed = openssl("x509", "-in", files.ca_cert, "-noout", "-fingerprint", "-sha256").strip()
    assert printed.partition("=")[2] == files.fingerprint == fingerprint(files.ca_cert.read_bytes())
    assert fingerprint(files.chain.read_bytes()) != files.fingerprint
    with pytest.raises(ConfigurationError):
        fingerprint(b"no certificate")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "files.example.com", "bücher.example"])
def test_a_strict_tls_client_accepts_the_server_under_every_name(tmp_path: Path, name: str) -> None:
    files = init(tmp_path, HOSTS, _now(), write)
    handshake(files.chain, files.key, files.ca_cert, name)


def test_a_tls_client_refuses_another_name_and_another_authority(tmp_path: Path) -> None:
    files = init(tmp_path / "one", ["localhost"], _now(), write)
    other = init(tmp_path / "two", ["localhost"], _now(), write)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files.chain, files.key, files.ca_cert, "evil.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files.chain, files.key, other.ca_cert, "localhost")


def handshake(chain: Path, key: Path, ca: Path, name: str) -> None:
    """A whole TLS handshake in memory; raises what the client raises."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    client_context = ssl.create_default_context(cafile=str(ca))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(up, down, server_side=True)
    client = client_context.wrap_bio(down, up, server_hostname=name)
    for _ in range(10):
        done = 0
        for side in (client, server):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass
        if done == 2:
            return
    raise AssertionError("the handshake does not end")


def _now() -> FakeClock:
    """Real TLS programs look at the real clock."""
    import time

    return FakeClock(time.time_ns() // 1000)


# --- hosts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stands_as"),
    [
        ("Files.Example.COM.", "files.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),  # as IDNA 2008 has it; IDNA 2003 would make it strasse.de
        ("مثال.ایران", "xn--mgbh0fb.xn--mgba3a4f16a"),
        ("*.lan.example", "*.lan.example"),
        ("my_host", "my_host"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("[2001:DB8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_a_host_stands_in_the_certificate_in_its_one_form(text: str, stands_as: str) -> None:
    assert str(parse_host(text)) == stands_as


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "a b", "host:5000", "https://host", "-a.example", "a..b", "a" * 64, "1.2.3", "1.2.3.4.5", "*",
     "*.com", "a.*.example", "192.0.2.7/24", "a\x00b", "☃.example", "x." * 127 + "example", "host\n"[:4] + "\nx"],
)  # fmt: skip
def test_what_is_no_host_is_refused_and_named(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_host(text)
    assert refused.value.hint
    with pytest.raises(ConfigurationError):
        make_server_certificate(make_ca("test CA", in_days(0)), [text], in_days(0))


def test_this_machine_is_reached_by_loopback_and_every_name_found_fits_into_a_certificate() -> None:
    hosts = local_hosts()
    assert {"localhost", "127.0.0.1", "::1"} <= set(hosts)
    assert len(hosts) == len(set(hosts))
    cert = make_server_certificate(make_ca("test CA", in_days(0)), hosts, in_days(0)).cert
    assert not needs_renewal(cert, hosts, in_days(0))


def test_a_resolver_that_hangs_does_not_hold_up_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    from secure_file_transfer.services import hosts

    release = Event()
    monkeypatch.setattr(hosts, "_RESOLVE_SECONDS", 0.001)
    monkeypatch.setattr(hosts, "_resolved", lambda name: (release.wait(60), ["too.late.example"])[1])
    found = local_hosts()  # would take the minute otherwise
    release.set()
    assert "localhost" in found
    assert "too.late.example" not in found


def test_a_machine_with_an_odd_name_still_gets_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "the office printer!")
    found = local_hosts()
    assert "127.0.0.1" in found
    assert not any("printer" in host for host in found)


# --- renewal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "hosts", "renew"),
    [
        (0, ["localhost"], False),
        (0, ["127.0.0.1", "localhost"], False),
        (0, ["localhost", "new.example"], True),
        (0, ["192.0.2.8"], True),
        (365, ["localhost"], False),
        (366.1, ["localhost"], True),
        (397, ["localhost"], True),
        (-2, ["localhost"], True),
    ],
)
def test_renewal_is_due_near_the_end_or_for_a_new_host(days: float, hosts: Sequence[str], renew: bool) -> None:
    cert = make_server_certificate(make_ca("test CA", in_days(0)), ["localhost", "127.0.0.1"], in_days(0)).cert
    assert needs_renewal(cert, hosts, in_days(days)) is renew


# --- the directory ----------------------------------------------------------------------------------------------


def test_certificates_are_made_once_and_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    kept = Certificates(tmp_path / "tls", clock, write)
    first = kept.ensure(["localhost"])
    before = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert len(before) == 4
    clock.advance(300 * 24 * 3600)
    assert Certificates(tmp_path / "tls", clock, write).ensure(["localhost"]) == first
    assert {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before


def test_attack_57_everything_is_written_through_the_writer_and_the_folder_is_closed(tmp_path: Path) -> None:
    written: list[Path] = []

    def watch(path: Path, data: bytes) -> None:
        written.append(path)
        write(path, data)

    old = os.umask(0)
    try:
        files = Certificates(tmp_path / "tls", FakeClock(), watch).ensure(["localhost"])
    finally:
        os.umask(old)
    assert set(written) == set((tmp_path / "tls").iterdir())
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["ca_key.pem", "server_key.pem"])
def test_attack_57_a_key_that_others_may_read_is_refused(tmp_path: Path, name: str) -> None:
    kept = Certificates(tmp_path, FakeClock(), write)
    kept.ensure(["localhost"])
    (tmp_path / name).chmod(0o640)
    with pytest.raises(ConfigurationError, match=name) as refused:
        kept.ensure(["localhost"])
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("hosts", [["localhost", "new.example"], ["localhost"]])
def test_a_renewed_certificate_has_a_new_key_and_the_same_authority(tmp_path: Path, hosts: list[str]) -> None:
    clock = FakeClock()
    kept = Certificates(tmp_path, clock, write)
    files = kept.ensure(["localhost"])
    old = files.chain.read_bytes(), files.key.read_bytes()
    clock.advance(367 * 24 * 3600)
    again = kept.ensure(hosts)
    assert again == files
    assert files.chain.read_bytes() != old[0]
    assert files.key.read_bytes() != old[1]
    assert not needs_renewal(files.chain.read_bytes(), hosts, clock.now_us())


@pytest.mark.parametrize("crash_at", [1, 2, 3, 4])
def test_a_crash_between_any_two_files_is_healed_at_the_next_start(tmp_path: Path, crash_at: int) -> None:
    left = crash_at

    def crashing(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise StorageError("the plug was pulled")
        write(path, data)

    with pytest.raises(StorageError):
        Certificates(tmp_path, FakeClock(), crashing).ensure(["localhost"])
    files = Certificates(tmp_path, FakeClock(), write).ensure(["localhost"])
    assert check_server_files(files.chain, files.key, in_days(0)) == []


@pytest.mark.parametrize("crash_at", [1, 2])
def test_a_crash_during_a_renewal_is_healed_with_the_same_authority(tmp_path: Path, crash_at: int) -> None:
    files = Certificates(tmp_path, FakeClock(), write).ensure(["localhost"])
    left = crash_at

    def crashing(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise StorageError("the plug was pulled")
        write(path, data)

    with pytest.raises(StorageError):
        Certificates(tmp_path, FakeClock(), crashing).ensure(["localhost", "new.example"])
    assert Certificates(tmp_path, FakeClock(), write).ensure(["localhost", "new.example"]) == files
    assert check_server_files(files.chain, files.key, in_days(0)) == []


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
@pytest.mark.parametrize("name", ["server_cert.pem", "server_key.pem"])
def test_a_damaged_server_certificate_is_made_anew(tmp_path: Path, name: str, garbage: bytes) -> None:
    kept = Certificates(tmp_path, FakeClock(), write)
    files = kept.ensure(["localhost"])
    write(tmp_path / name, garbage)
    assert kept.ensure(["localhost"]) == files
    assert check_server_files(files.chain, files.key, in_days(0)) == []


@pytest.mark.parametrize("damage", ["garbage in ca_cert.pem", "garbage in ca_key.pem", "other ca_key"])
def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path, damage: str) -> None:
    kept = Certificates(tmp_path, FakeClock(), write)
    kept.ensure(["localhost"])
    if damage.startswith("garbage"):
        write(tmp_path / damage.rpartition(" ")[2], b"garbage")
    else:
        write(tmp_path / "ca_key.pem", make_ca("other", in_days(0)).key)
    with pytest.raises(ConfigurationError) as refused:
        kept.ensure(["localhost"])
    assert refused.value.hint


def test_an_authority_whose_key_was_taken_away_serves_on_but_signs_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    kept = Certificates(tmp_path, clock, write)
    files = kept.ensure(["localhost"])
    (tmp_path / "ca_key.pem").unlink()
    clock.advance(380 * 86_400)
    assert kept.ensure(["localhost", "new.example"]) == files, "soon to be renewed, and still good"
    with pytest.raises(ConfigurationError, match="key is not in"):
        kept.authority()
    clock.advance(30 * 86_400)
    with pytest.raises(ConfigurationError, match="key is not in"):
        kept.ensure(["localhost"])


def test_a_certificate_of_another_authority_is_replaced(tmp_path: Path) -> None:
    kept = Certificates(tmp_path, FakeClock(), write)
    files = kept.ensure(["localhost"])
    stranger = make_server_certificate(make_ca("other", in_days(0)), ["localhost"], in_days(0))
    write(files.key, stranger.key)
    write(files.chain, stranger.cert)
    kept.ensure(["localhost"])
    leaf(files.chain.read_bytes()).verify_directly_issued_by(leaf(files.ca_cert.read_bytes()))


def test_a_key_that_does_not_fit_its_certificate_is_replaced_with_it(tmp_path: Path) -> None:
    kept = Certificates(tmp_path, FakeClock(), write)
    files = kept.ensure(["localhost"])
    write(files.key, make_ca("other", in_days(0)).key)
    assert kept.ensure(["localhost"]) == files
    assert check_server_files(files.chain, files.key, in_days(0)) == []


def test_an_expired_authority_says_what_to_do(tmp_path: Path) -> None:
    clock = FakeClock()
    kept = Certificates(tmp_path, clock, write)
    kept.ensure(["localhost"])
    clock.advance(3653 * 24 * 3600)
    with pytest.raises(ConfigurationError, match="expired") as refused:
        kept.ensure(["localhost"])
    assert "ca_cert.pem" in refused.value.hint


@pytest.mark.parametrize("there", ["ca_cert.pem", "ca_key.pem", "server_cert.pem", "server_key.pem"])
def test_init_overwrites_nothing(tmp_path: Path, there: str) -> None:
    (tmp_path / there).symlink_to(tmp_path / "dangling")  # even a link that leads nowhere is somebody's
    with pytest.raises(ExistsError, match=there):
        init(tmp_path, ["localhost"], FakeClock(), write)
    assert [path.name for path in tmp_path.iterdir()] == [there]


@pytest.mark.parametrize("hosts", [[], ["not a host"]])
def test_init_with_a_bad_host_writes_nothing(tmp_path: Path, hosts: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        init(tmp_path / "out", hosts, FakeClock(), write)
    assert list(tmp_path.iterdir()) == []


# --- somebody else's files --------------------------------------------------------------------------------------


def keep(folder: Path, pair: Pair) -> tuple[Path, Path]:
    write(folder / "cert.pem", pair.cert)
    write(folder / "key.pem", pair.key)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def good(tmp_path: Path) -> tuple[Path, Path]:
    return keep(tmp_path, make_server_certificate(make_ca("test CA", in_days(0)), ["localhost"], in_days(0)))


def test_good_files_give_no_warning(good: tuple[Path, Path]) -> None:
    assert check_server_files(*good, in_days(0)) == []


def test_missing_files_are_named(good: tuple[Path, Path], tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.pem"
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        check_server_files(nowhere, good[1], in_days(0))
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        check_server_files(good[0], nowhere, in_days(0))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        check_server_files(tmp_path, good[1], in_days(0))


def test_files_that_are_something_else_are_named(good: tuple[Path, Path]) -> None:
    cert, key = good
    with pytest.raises(ConfigurationError, match=r"key\.pem is not a PEM certificate"):
        check_server_files(key, key, in_days(0))
    with pytest.raises(ConfigurationError, match=r"no usable PEM private key in .*cert\.pem"):
        check_server_files(cert, cert, in_days(0))


def test_a_key_of_another_certificate_is_told(good: tuple[Path, Path]) -> None:
    write(good[1], make_ca("other", in_days(0)).key)
    with pytest.raises(ConfigurationError, match="does not belong"):
        check_server_files(*good, in_days(0))


def test_an_expired_certificate_is_told_with_its_day(good: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigurationError, match="expired on 2027-02-01"):
        check_server_files(*good, in_days(400))


@pytest.mark.parametrize(("days", "says"), [(370, "expires on 2027-02-01"), (-3, "not valid before 2025-12-31")])
def test_a_certificate_at_its_edges_is_warned_of(good: tuple[Path, Path], days: int, says: str) -> None:
    (warning,) = check_server_files(*good, in_days(days))
    assert says in warning


def test_attack_57_a_key_that_everybody_can_read_is_warned_of(good: tuple[Path, Path]) -> None:
    good[1].chmod(0o644)
    (warning,) = check_server_files(*good, in_days(0))
    assert "chmod 600" in warning


@pytest.mark.peer
def test_a_key_with_a_passphrase_is_told_and_nobody_is_asked_for_it(good: tuple[Path, Path], tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    openssl("pkey", "-in", good[1], "-aes256", "-passout", "pass:tangerine", "-out", locked)
    assert b"ENCRYPTED" in locked.read_bytes()
    with pytest.raises(ConfigurationError, match="passphrase"):
        check_server_files(good[0], locked, in_days(0))


@pytest.mark.peer
def test_the_plain_openssl_recipe_without_san_is_warned_of_with_the_fix(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "60",
        "-subj", "/CN=localhost",
    )  # fmt: skip
    assert not made.startswith("FAILED"), made
    (warning,) = check_server_files(cert, key, _now().now_us())
    assert "sft cert init --host" in warning
    assert "subjectAltName" in warning


@pytest.mark.peer
def test_a_certificate_signed_by_openssl_from_a_request_without_san_is_warned_of(tmp_path: Path) -> None:
    ca_cert, ca_key, request, key, cert = (tmp_path / name for name in ("c", "ck", "r", "k", "s"))
    for step in (
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca_cert, "-subj", "/CN=ca"],
        ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", request, "-CA", ca_cert, "-CAkey", ca_key, "-out", cert, "-days", "60"],
    ):
        made = openssl(*step)
        assert not made.startswith("FAILED"), made
    (warning,) = check_server_files(cert, key, _now().now_us())
    assert "no subject alternative name" in warning


@pytest.mark.peer
def test_a_certificate_too_weak_for_tls_is_refused_before_the_server_starts(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    openssl("req", "-x509", "-newkey", "rsa:512", "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=localhost")
    if not cert.exists():  # some builds of openssl refuse to make such a key at all
        openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=x")
    with pytest.raises(ConfigurationError, match="TLS does not accept"):
        check_server_files(cert, key, _now().now_us())
