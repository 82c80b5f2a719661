"""FTP servers with TLS that nobody here wrote: vsftpd, and the sample server of pyftpdlib; and ours beside them."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from secure_file_transfer.testing.ftps_wire import FtpsSite
from secure_file_transfer.testing.process import ServerProcess

from .peers import Certificates, free_port, running
from .proofs import PASSWORD, USER

ANYBODY = "any@where"


def ours(folder: Path, **env: str) -> ServerProcess:
    """Our server with FTPS on ports that the system chooses, and one account; not started yet."""
    ports = {"SFT_FTPS_ENABLED": "true", "SFT_FTPS_PORT": "0", "SFT_FTPS_DATA_PORT": "0", "SFT_FTPS_PASSIVE_PORTS": "0"}
    server = ServerProcess(folder / "data", env={**ports, "SFT_PROFILES": str(folder / "profiles.json"), **env})
    server.add_user(USER, PASSWORD)
    return server


def site_of(server: ServerProcess, user: str = USER) -> FtpsSite:
    """Where it is, for one of its users; all have the same password."""
    return FtpsSite(server.ftps_port, user, PASSWORD, server.cafile)


@contextmanager
def sft(folder: Path, _certificates: Certificates) -> Iterator[FtpsSite]:
    """Ours, with sealed storage and digests on."""
    with ours(folder) as server:
        yield site_of(server)


@contextmanager
def vsftpd(folder: Path, certificates: Certificates) -> Iterator[FtpsSite]:
    """As its manual sets it up for TLS, with the anonymous account as the only one, which may write. Needs root."""
    port, store = free_port(), folder / "store"
    (store / "home").mkdir(parents=True)
    shutil.chown(store / "home", "ftp")  # it wants a root that its users cannot write to
    (empty := folder / "empty").mkdir()
    settings = {
        "listen": "YES",
        "listen_address": "127.0.0.1",
        "listen_port": port,
        "background": "NO",
        "secure_chroot_dir": empty,
        "anonymous_enable": "YES",
        "no_anon_password": "NO",
        "anon_root": store,
        "write_enable": "YES",
        "anon_upload_enable": "YES",
        "anon_mkdir_write_enable": "YES",
        "anon_other_write_enable": "YES",
        "anon_world_readable_only": "NO",
        "anon_umask": "022",
        "utf8_filesystem": "YES",
        "ssl_enable": "YES",
        "allow_anon_ssl": "YES",
        "force_anon_data_ssl": "YES",
        "force_anon_logins_ssl": "YES",
        "require_ssl_reuse": "NO",  # Python's ftplib cannot
        "ssl_ciphers": "HIGH",
        "rsa_cert_file": certificates.cert,
        "rsa_private_key_file": certificates.key,
        "seccomp_sandbox": "NO",
        "isolate": "NO",
        "isolate_network": "NO",
        "xferlog_enable": "NO",
        "vsftpd_log_file": folder / "log",
    }
    config = folder / "vsftpd.conf"
    config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    server = shutil.which("vsftpd", path=f"{os.environ['PATH']}:/usr/sbin") or "vsftpd"
    with running([server, str(config)], port, cwd=folder):
        yield FtpsSite(port, "anonymous", ANYBODY, certificates.ca, base="/home")


SAMPLE = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

port, home, cert, key = sys.argv[1:]
authorizer = DummyAuthorizer()
authorizer.add_user("user", "12345", home, perm="elradfmwMT")
handler = TLS_FTPHandler
handler.certfile, handler.keyfile = cert, key
handler.authorizer = authorizer
handler.tls_control_required = handler.tls_data_required = True
FTPServer(("127.0.0.1", int(port)), handler).serve_forever()
"""


@contextmanager
def sample(folder: Path, certificates: Certificates) -> Iterator[FtpsSite]:
    """The TLS server of pyftpdlib's tutorial."""
    port, home = free_port(), folder / "home"
    home.mkdir()
    argv = [sys.executable, "-W", "ignore", "-c", SAMPLE, str(port), str(home), str(certificates.cert)]
    with running([*argv, str(certificates.key)], port, cwd=folder):
        yield FtpsSite(port, "user", "12345", certificates.ca)


SERVERS: dict[str, Callable[[Path, Certificates], AbstractContextManager[FtpsSite]]] = {
    "sft": sft,
    "sample": sample,
    "vsftpd": vsftpd,
}
