"""Whom we trust: certificate authorities, fingerprints, and what to tell a person when trust fails."""

import asyncio
import hashlib
import hmac
import os
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import (
    CertificateError,
    ConfigurationError,
    ProtocolViolationError,
    SecureFileTransferError,
    TimedOutError,
    UnreachableError,
)
from ..paths import display

# Numbers of X509_verify_cert_error_string(3) that OpenSSL hands through as `verify_code`.
_NOT_YET_VALID, _EXPIRED, _HOST_MISMATCH, _ADDRESS_MISMATCH = 9, 10, 62, 64
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_HEAD_MAX = 16 * 1024
_PEM_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers: a host name or IP address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end."""
        return f"https://{self}"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a connection is verified against: a PEM, a fingerprint to fetch it by, or (both None) the system's roots.

    `certfile` and `keyfile` are the client's own certificate, for servers that ask for one.
    """

    ca_pem: str | None = None
    fingerprint: str | None = None
    certfile: Path | None = None
    keyfile: Path | None = field(default=None, repr=False)


def fingerprint_of(pem: str) -> str:
    """The SHA-256 of the one certificate's DER form: 32 upper-case hexadecimal pairs, joined by colons.

    Raises:
        CertificateError: it is not exactly one PEM certificate.
    """
    certificates = _certificates(pem)
    if len(certificates) != 1:
        raise CertificateError(f"One certificate was expected, {len(certificates)} were given")
    return _pairs(hashlib.sha256(certificates[0].public_bytes(Encoding.DER)).hexdigest())


def _pairs(digest: str) -> str:
    return digest.upper() if len(digest) < 3 else ":".join(re.findall("..", digest.upper()))


def check_fingerprint(text: str) -> str:
    """A fingerprint as 64 lower-case digits, however a person wrote it (colons, spaces, case, `SHA256:` in front).

    Raises:
        ConfigurationError: it is not a SHA-256.
    """
    plain = re.sub(r"[\s:]", "", text.strip().lower().removeprefix("sha256:").removeprefix("sha-256:"))
    if not _FINGERPRINT.fullmatch(plain):
        raise ConfigurationError(
            "The fingerprint is not a SHA-256: 64 hexadecimal digits were expected",
            hint="Copy the CA fingerprint that the server prints when it starts.",
        )
    return plain


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(
            "The certificate authority is not a PEM certificate",
            hint="It begins with '-----BEGIN CERTIFICATE-----'; the server gives its own at /ca.pem.",
        ) from None


def make_context(trust: Trust) -> ssl.SSLContext:
    """The TLS settings for every connection that may carry a secret.

    A pinned authority is trusted as it is, a leaf or an intermediate included (partial chain), and the strict
    profile of newer Python versions is off: it refuses authorities made by the plain `openssl req -x509` recipe.
    Names are looked for in subjectAltName only (RFC 9525, 6.3).

    Raises:
        CertificateError: the authority is not a certificate.
        ConfigurationError: the client's own certificate or key cannot be used.
    """
    if trust.ca_pem is None:
        context = ssl.create_default_context()
    else:
        _certificates(trust.ca_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=trust.ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    if trust.certfile is not None:
        try:
            # An encrypted key must fail here and not stop a program to ask on its terminal.
            context.load_cert_chain(trust.certfile, trust.keyfile, password=lambda: b"")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The client certificate {display(str(trust.certfile))} or its key cannot be used: {_reason(error)}",
                hint="Both must be PEM files that belong together; the key must not be encrypted.",
            ) from None
    return context


def _unverified() -> ssl.SSLContext:
    """For looking at a certificate, and for /ca.pem, which is judged by its fingerprint. Carries no secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)


# --- first contact ----------------------------------------------------------------------------------------------


async def fetch_ca(host: str, port: int, *, timeout: float = 30) -> tuple[str, str]:  # noqa: ASYNC109 - one request
    """Fetch the server's certificate authority over a connection that is not verified and carries no secret.

    Returns the PEM and its fingerprint (see `fingerprint_of`), which a person, or `fingerprint=`, has to confirm
    before the PEM is used for anything.

    Raises:
        UnreachableError, TimedOutError, ProtocolViolationError, CertificateError
    """
    address = Address(host, port)
    try:
        async with asyncio.timeout(timeout):
            body = await _plain_get(address, "/ca.pem")
    except TimeoutError:
        raise timed_out(address) from None
    except ssl.SSLError as error:
        raise tls_error(address, error) from None
    except OSError as error:
        raise unreachable(address, error) from None
    certificates = _certificates(body.decode("ascii", "replace"))
    if len(certificates) != 1:
        raise ProtocolViolationError(f"{address} gives {len(certificates)} certificates where one belongs")
    pem = certificates[0].public_bytes(Encoding.PEM).decode()
    return pem, fingerprint_of(pem)


async def _plain_get(address: Address, path: str) -> bytes:
    """One bounded GET without redirects, cookies or anything else that a full client brings."""
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=_unverified(), limit=_HEAD_MAX, server_hostname=address.host
    )
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not re.match(rb"HTTP/1\.[01] 200[ \r]", head):
            raise ProtocolViolationError(
                f"{address} does not give its certificate authority at {path}",
                hint="Check the address, or ask for the file of the authority and use `cafile`.",
            )
        length = re.search(rb"\r\ncontent-length:[ \t]*(\d{1,6})[ \t]*\r\n", head, re.IGNORECASE)
        wanted = int(length[1]) if length else _PEM_MAX + 1
        if wanted > _PEM_MAX:
            raise ProtocolViolationError(f"{address} gives an authority without a sensible length")
        return await reader.readexactly(wanted)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise ProtocolViolationError(f"{address} did not answer in the form of HTTP") from None
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await writer.wait_closed()


async def pinned(address: Address, trust: Trust, timeout_s: float) -> Trust:
    """Turn a fingerprint into the authority it belongs to; any other trust is returned as it is.

    Raises:
        CertificateError: the server's authority has another fingerprint.
        And what `fetch_ca` raises.
    """
    if trust.fingerprint is None:
        return trust
    pem, found = await fetch_ca(address.host, address.port, timeout=timeout_s)
    if not hmac.compare_digest(check_fingerprint(found), trust.fingerprint):
        raise CertificateError(
            f"The authority of {address} has the fingerprint {found}, not the {_pairs(trust.fingerprint)} you expect",
            hint="Compare with what the server prints when it starts; somebody may be between you and it.",
        )
    return Trust(pem, None, trust.certfile, trust.keyfile)


# --- what to say ------------------------------------------------------------------------------------------------


def unreachable(address: Address, error: OSError) -> UnreachableError:
    """Nobody answers: say where, and what to check."""
    if isinstance(error, socket.gaierror):
        return UnreachableError(
            f"The host name {display(address.host)} is not known: {_reason(error)}",
            hint="Check the spelling and your network.",
        )
    # asyncio's own text repeats the address; the number says why.
    reason = os.strerror(error.errno) if error.errno else _reason(error)
    return UnreachableError(
        f"No server answers at {address}: {reason}",
        hint="Check that the server runs, that host and port are right, and that no firewall is between.",
    )


def timed_out(address: Address) -> TimedOutError:
    """The other side said nothing for too long."""
    return TimedOutError(f"{address} did not answer in time", hint="Try again; check the network in between.")


def tls_error(address: Address, error: ssl.SSLError) -> SecureFileTransferError:
    """A handshake that failed for another reason than the certificate's contents."""
    reason = error.reason or ""
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "ALERT_UNKNOWN_CA" in reason:
        return refused(address, reason)
    if "VERSION" in reason and "WRONG" not in reason:
        return ProtocolViolationError(f"{address} offers no version of TLS that is safe to use ({reason})")
    return ProtocolViolationError(
        f"There is something at {address}, but it does not speak TLS ({reason or 'no handshake'})",
        hint="Check the port: the server speaks HTTPS, never plain HTTP.",
    )


def refused(address: Address, reason: str) -> CertificateError:
    """The server asks for a client certificate."""
    return CertificateError(
        f"{address} refuses the connection without a client certificate that it accepts ({reason})",
        hint="Give `certfile` and `keyfile`.",
    )


async def explain(address: Address, trust: Trust, error: ssl.SSLCertVerificationError) -> CertificateError:
    """Why the server's certificate was refused, told to a person. Looks at the certificate for that."""
    try:
        async with asyncio.timeout(10):
            certificate = await _peer_certificate(address)
    except (OSError, ValueError, UnsupportedAlgorithm):  # TimeoutError is an OSError
        certificate = None
    code = error.verify_code
    if certificate is not None and code in {_HOST_MISMATCH, _ADDRESS_MISMATCH}:
        return _name_fault(address, certificate)
    if certificate is not None and code in {_EXPIRED, _NOT_YET_VALID}:
        return _time_fault(address, certificate, code)
    told = f"The certificate of {address} is not trusted: {error.verify_message or _reason(error)}."
    if certificate is not None:
        told += f" It was issued by {_who(certificate.issuer)}"
        if trust.ca_pem is not None:
            told += f", and only {_who(_certificates(trust.ca_pem)[0].subject)} was to be trusted"
        told += "."
    return CertificateError(
        told,
        hint="Give the server's own authority: `cafile`, or `fingerprint` with what the server prints when it starts."
        if trust.ca_pem is None
        else "Fetch the server's authority again if it was renewed; otherwise somebody may be between you and it.",
    )


async def _peer_certificate(address: Address) -> x509.Certificate:
    _, writer = await asyncio.open_connection(
        address.host, address.port, ssl=_unverified(), server_hostname=address.host
    )
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await writer.wait_closed()


def _who(name: x509.Name) -> str:
    return display(name.rfc4514_string() or "nobody")


def _name_fault(address: Address, certificate: x509.Certificate) -> CertificateError:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        kind = "IP" if ":" in address.host or re.fullmatch(r"[\d.]+", address.host) else "DNS"
        return CertificateError(
            f"The certificate of {address} ({_who(certificate.subject)}) carries no subjectAltName,"
            " so it is valid for no host at all: the common name does not count.",
            hint=f"Make one that works with `sft cert init --host {address.host}`, or add"
            f" `subjectAltName={kind}:{address.host}` to your own: `openssl req -x509 … -addext`,"
            " or `openssl x509 -req … -extfile` with that line in the file.",
        )
    names = ", ".join(display(str(name.value)) for name in list(extension.value)[:10]) or "none"
    return CertificateError(
        f"The certificate of {address} is for other names: {names}.",
        hint=f"Connect by one of these names, or make a certificate for this one with"
        f" `sft cert init --host {address.host}`.",
    )


def _time_fault(address: Address, certificate: x509.Certificate, code: int) -> CertificateError:
    when, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    # The chain is as good as its weakest part: the leaf may be fine and its authority too old.
    own = not begins <= datetime.now(UTC) <= when
    what = "certificate" if own else "certificate's authority"
    told = (
        f"expired on {when:%Y-%m-%d %H:%M} UTC"
        if code == _EXPIRED
        else f"is valid only from {begins:%Y-%m-%d %H:%M} UTC"
    )
    if not own:
        told = "has expired" if code == _EXPIRED else "is not valid yet"
    return CertificateError(
        f"The {what} of {address} {told}.",
        hint="Renew it on the server, and check the clocks of both machines.",
    )
