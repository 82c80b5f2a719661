"""`ca`: the server's certificate authority, and what it exchanges with an organisation's. Work on the spot."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...errors import ConfigurationError
from .failures import warn
from .options import Config, DataDir, Flag, Json, Quiet
from .settings import load_settings
from .terminal import note, out, safe, styled
from .values import print_json


def ca_show(*, data_dir: DataDir = None, config: Config = None, json: Json = False) -> int:
    """Show the authority and the server certificate in use.

    sft ca show
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        parts = local.adoption.show()
    if json:
        print_json(
            {
                name: {
                    "subject": part.subject,
                    "issuer": part.issuer,
                    "fingerprint": part.fingerprint,
                    "expires": part.expires.isoformat().replace("+00:00", "Z"),
                }
                for name, part in parts.items()
            }
        )
        return 0
    for name, part in parts.items():
        rows = [
            ("subject", safe(part.subject)),
            ("issued by", "itself" if part.subject == part.issuer else safe(part.issuer)),
            ("good until", f"{part.expires:%Y-%m-%d}"),
            ("SHA-256", part.fingerprint[:48]),
            ("", part.fingerprint[48:]),
        ]
        out(styled(name, "bold", sys.stdout))
        for label, value in rows:
            out(f"  {styled(f'{label:<10}', 'dim', sys.stdout)}  {value}")
    return 0


def ca_export_csr(
    *,
    server: Annotated[bool, Flag] = False,
    host: Annotated[tuple[str, ...], Parameter(metavar="HOST", negative="")] = (),
    out_file: Annotated[Path | None, Parameter(name=["--out", "-o"], metavar="FILE", show_default=False)] = None,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Write a request for your organisation.

    Its authority signs it. By default it is for this server's own authority, as one below the organisation's; with
    --server for a server certificate alone, whose new key waits in the data directory. What comes back goes to
    'sft ca import'.

        sft ca export-csr > authority.csr
        sft ca export-csr --server --host files.example.org > server.csr

    Args:
        server: Request a server certificate.
        host: A name or address for it; by default the public names and those of this machine. Can be repeated.
        out_file: Where to write it; standard output by default.
    """
    from ... import server as running

    with running.open_local(load_settings(data_dir, config)) as local:
        if server:
            request = local.adoption.server_request(list(host or local.hosts()))
        else:
            request = local.adoption.authority_request()
    if out_file is None:
        out(request.decode().rstrip("\n"))
    else:
        try:
            out_file.write_bytes(request)
        except OSError as error:
            raise ConfigurationError(f"The request cannot be written to '{out_file}': {error.strerror}") from None
    note("When it is signed: sft ca import FILE, with the certificates above it in the same file.", quiet=quiet)
    return 0


def ca_import(
    file: Path,
    /,
    *,
    key: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Take in a certificate of your organisation.

    It is an authority's or a server's; the file tells which. A running server goes on with it within seconds,
    without a restart.

        sft ca import signed.pem
        sft ca import server.pem --key server.key

    Args:
        file: The certificate (PEM), then the one that signed it, and so on.
        key: Its private key (PEM), if it was not requested with 'sft ca export-csr'.
    """
    pem, key_pem = _read(file), None if key is None else _read(key)
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        adopted = local.adoption.adopt(pem, key_pem)
    for warning in adopted.warnings:
        warn(warning)
    if json:
        print_json(
            {
                "kind": "authority" if adopted.authority else "server",
                "subject": adopted.subject,
                "issuer": adopted.issuer,
                "fingerprint": adopted.fingerprint,
                "expires": adopted.expires.isoformat().replace("+00:00", "Z"),
            }
        )
    what = "authority" if adopted.authority else "server certificate"
    note(f"The {what} is now {safe(adopted.subject)},", quiet=quiet)
    note(f"issued by {safe(adopted.issuer)}, good until {adopted.expires:%Y-%m-%d}.", quiet=quiet)
    return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024 * 1024)
    except OSError as error:
        raise ConfigurationError(f"'{path}' cannot be read: {error.strerror}", hint="Give a PEM file.") from None
