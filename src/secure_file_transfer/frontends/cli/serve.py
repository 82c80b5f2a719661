"""`serve`: the server itself."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .banner import print_banner
from .options import Config, DataDir, Json
from .settings import load_settings
from .terminal import note, out
from .values import text_of


def serve(
    *,
    host: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    port: Annotated[int | None, Parameter(alias="-p", metavar="NUMBER")] = None,
    certfile: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    keyfile: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    ftps: bool | None = None,
    ftps_port: Annotated[int | None, Parameter(metavar="NUMBER")] = None,
    public_name: Annotated[tuple[str, ...] | None, Parameter(metavar="HOST", negative="")] = None,
    discovery: bool | None = None,
    metrics_port: Annotated[int | None, Parameter(metavar="NUMBER")] = None,
    log_level: Literal["debug", "info", "warning", "error"] | None = None,
    log_format: Literal["text", "json"] | None = None,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Start the server.

    On the first start it makes its own certificate authority and encryption key, and prints a link that makes you
    its administrator. Ctrl-C lets running transfers finish, at most ten seconds, and stops.

        sft serve
        sft serve --port 5555 --data-dir /srv/sft
        sft serve --public-name files.example.org

    Args:
        host: The address to listen on; all of them by default.
        port: The port; 5000 by default, 0 lets the system choose.
        certfile: A server certificate of yours (PEM), with its chain.
        keyfile: Its private key.
        ftps: Whether to speak FTPS as well, for programs that know nothing newer; yes by default.
        ftps_port: Its port; 10021 by default, 0 lets the system choose.
        public_name: A name or address that others use for this server, for its certificate. Can be repeated.
        discovery: Whether to announce the server on the local network, so that 'sft discover' finds it; no by default.
        metrics_port: A port, on this machine only, where Prometheus may read how the server is; none by default.
        log_level: What to log to standard error; warning by default.
        log_format: How; text by default.
        json: Print one line of JSON once it is ready, instead of words.
    """
    settings = load_settings(
        data_dir,
        config,
        host=host,
        port=port,
        certfile=certfile,
        keyfile=keyfile,
        ftps_enabled=ftps,
        ftps_port=ftps_port,
        public_names=public_name or None,
        discovery=discovery,
        metrics_port=metrics_port,
        log_level=log_level,
        log_format=log_format,
    )
    from ... import server

    def announce(said: server.Announcement) -> None:
        if json:
            value = {
                "urls": list(said.urls),
                "fingerprint": said.fingerprint,
                "setup_url": said.setup_url,
                "data_dir": str(said.data_dir),
                "warnings": list(said.warnings),
                "ftps_urls": list(said.ftps_urls),
                "metrics_url": said.metrics_url,
            }
            out(text_of(value))
            _flush()
        else:
            print_banner(said)

    server.serve(settings, announce=announce)
    note("Stopped.")
    return 0


def _flush() -> None:
    import sys

    sys.stdout.flush()
