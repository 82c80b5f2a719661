"""The programs we are compared with, each started on loopback with a key or certificate of its own.

Every peer moves one file, or one folder, up or down, with the tool its users would type. All of them encrypt on the
way; which of them verify or encrypt what they store is in docs/performance.md.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from secure_file_transfer.server import init_certificates
from secure_file_transfer.testing.process import wait_for_port

ROOT = Path(__file__).resolve().parent.parent
SFT = ROOT / ".venv" / "bin" / "sft"
RCLONE = ROOT / ".venv" / "bin" / "rclone"


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(argv: list[str], port: int, *, cwd: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """A server process, stopped at the end; its output goes to a file in `cwd`."""
    with (cwd / "server.log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
        try:
            wait_for_port(port, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


def run(argv: list[str], *, stdin: str | None = None, env: dict[str, str] | None = None) -> None:
    """Run one client command; show what it said if it fails."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv[:4]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@dataclass(frozen=True)
class Certificates:
    """A certificate authority and a server certificate for loopback."""

    ca: Path
    cert: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        """Make them with our own tool; every TLS peer uses the same ones."""
        init_certificates(folder, ["127.0.0.1", "localhost"])
        return cls(folder / "ca_cert.pem", folder / "server_cert.pem", folder / "server_key.pem")


class Sft:
    """Our server with sealed storage and digests on, and `sft put` and `sft get`."""

    name = "sft"

    PASSWORD = "measured side by side"  # noqa: S105 - lives as long as the run

    def __init__(self, port: int, env: dict[str, str]) -> None:
        """Signed in by the profile that `env` points to."""
        self.port, self.env = port, env
        data = Path(env["SFT_DATA_DIR"])
        login = [str(SFT), "login", f"https://127.0.0.1:{port}", "--cafile", str(data / "tls" / "ca_cert.pem")]
        run([*login, "--user", "bench", "--password-stdin"], stdin=f"{self.PASSWORD}\n", env=env)

    @classmethod
    @contextmanager
    def start(cls, folder: Path, _certificates: Certificates) -> Iterator["Sft"]:
        """A server with one account, and a client that is signed in."""
        port = free_port()
        data = folder / "data"
        env = {
            **os.environ,
            "SFT_DATA_DIR": str(data),
            "SFT_PROFILES": str(folder / "profiles.json"),
            "SFT_SWEEP_GRACE_MINUTES": "0",
            "SFT_FTPS_ENABLED": "false",
            "NO_COLOR": "1",
        }
        run([str(SFT), "user", "add", "bench", "--password-stdin"], stdin=f"{cls.PASSWORD}\n", env=env)
        serve = [str(SFT), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with running(serve, port, cwd=folder, env=env):
            yield cls(port, env)

    def by(self, port: int) -> "Sft":
        """The same server by way of another port, such as a proxy's."""
        profiles = str(Path(self.env["SFT_PROFILES"]).with_name(f"profiles-{port}.json"))
        return Sft(port, {**self.env, "SFT_PROFILES": profiles})

    def upload(self, file: Path, *options: str) -> None:
        """One file."""
        run([str(SFT), "put", *options, str(file), "/"], env=self.env)

    def download(self, name: str, into: Path) -> None:
        """One file."""
        run([str(SFT), "get", f"/{name}", str(into / name)], env=self.env)

    def upload_tree(self, folder: Path) -> None:
        """A folder of files."""
        run([str(SFT), "put", "-r", str(folder), "/"], env=self.env)

    def download_tree(self, name: str, into: Path) -> None:
        """A folder of files."""
        run([str(SFT), "get", "-r", f"/{name}", str(into)], env=self.env)

    def forget(self, name: str) -> None:
        """Remove it."""
        run([str(SFT), "rm", "-r", "--yes", f"/{name}"], env=self.env)


class CurlNginx:
    """Curl against nginx with TLS and its WebDAV module; stores plain files, without any digest."""

    name = "curl-nginx"

    def __init__(self, base: str, ca: Path, store: Path, folder: Path) -> None:
        """`base` is the URL of the store."""
        self.base, self.ca, self.store, self.folder = base, ca, store, folder
        self.port = int(base.rpartition(":")[2])

    def by(self, port: int) -> "CurlNginx":
        """The same server by way of another port, such as a proxy's."""
        return CurlNginx(f"https://127.0.0.1:{port}", self.ca, self.store, self.folder)

    @classmethod
    @contextmanager
    def start(cls, folder: Path, certificates: Certificates) -> Iterator["CurlNginx"]:
        """Nginx with as many workers as cores."""
        port, store = free_port(), folder / "store"
        store.mkdir()
        (scratch := folder / "scratch").mkdir()
        config = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(
            f"""{user} daemon off; worker_processes auto; error_log {folder}/error.log; pid {folder}/nginx.pid;
            events {{ worker_connections 256; }}
            http {{ access_log off; client_max_body_size 0; sendfile on; client_body_temp_path {scratch};
              proxy_temp_path {scratch}; fastcgi_temp_path {scratch}; uwsgi_temp_path {scratch};
              scgi_temp_path {scratch}; keepalive_requests 100000;
              server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificates.cert};
                ssl_certificate_key {certificates.key}; root {store};
                location / {{ dav_methods PUT DELETE; create_full_put_path on; }} }} }}"""
        )
        with running([shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)], port, cwd=folder):
            yield cls(f"https://127.0.0.1:{port}", certificates.ca, store, folder)

    def _curl(self, *more: str) -> None:
        run(["curl", "--fail", "--silent", "--show-error", "--cacert", str(self.ca), *more])

    def upload(self, file: Path) -> None:
        """One file."""
        self._curl("-T", str(file), f"{self.base}/{file.name}")

    def download(self, name: str, into: Path) -> None:
        """One file."""
        self._curl("-o", str(into / name), f"{self.base}/{name}")

    def upload_tree(self, folder: Path) -> None:
        """Every file of a folder, in one run of curl, 16 at a time."""
        lines = [f'upload-file = "{f}"\nurl = "{self.base}/{folder.name}/{f.name}"' for f in sorted(folder.iterdir())]
        self._many(lines)

    def download_tree(self, name: str, into: Path) -> None:
        """Every file of a folder, in one run of curl, 16 at a time."""
        (into / name).mkdir()
        files = sorted((self.store / name).iterdir())
        self._many([f'output = "{into / name / f.name}"\nurl = "{self.base}/{name}/{f.name}"' for f in files])

    def _many(self, lines: list[str]) -> None:
        listing = self.folder / "curl.conf"
        listing.write_text("\n".join(lines))
        self._curl("--parallel", "--parallel-max", "16", "--config", str(listing))

    def forget(self, name: str) -> None:
        """Remove it."""
        remove(self.store / name)


class Ssh:
    """What the two OpenSSH peers share: a server on loopback with keys of its own."""

    name = "ssh"

    def __init__(self, port: int, folder: Path) -> None:
        """`folder` holds keys and the store."""
        self.store = folder / "store"
        options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={folder}/known", "LogLevel=ERROR", f"Port={port}")
        self.options = [word for option in (*options, f"IdentityFile={folder}/user") for word in ("-o", option)]

    @classmethod
    @contextmanager
    def start(cls, folder: Path, _certificates: Certificates) -> Iterator[Self]:
        """A server for the user who runs this."""
        port = free_port()
        (folder / "store").mkdir()
        for key in ("host", "user"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)])
        shutil.copy(folder / "user.pub", folder / "authorized")
        (folder / "sshd.conf").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"UsePAM no\nStrictModes no\nPidFile {folder}/pid\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") or "sshd"
        with running([sshd, "-D", "-e", "-f", str(folder / "sshd.conf")], port, cwd=folder):
            yield cls(port, folder)

    def forget(self, name: str) -> None:
        """Remove it."""
        remove(self.store / name)


class Sftp(Ssh):
    """OpenSSH sftp."""

    name = "sftp"

    def _batch(self, command: str) -> None:
        run(["sftp", "-q", *self.options, "-b", "-", "127.0.0.1"], stdin=f"{command}\n")

    def upload(self, file: Path) -> None:
        """One file."""
        self._batch(f"put {file} {self.store}/")

    def download(self, name: str, into: Path) -> None:
        """One file."""
        self._batch(f"get {self.store}/{name} {into}/")

    def upload_tree(self, folder: Path) -> None:
        """A folder of files."""
        self._batch(f"put -r {folder} {self.store}/")

    def download_tree(self, name: str, into: Path) -> None:
        """A folder of files."""
        self._batch(f"get -r {self.store}/{name} {into}/")


class TarSsh(Ssh):
    """`tar | ssh tar`: the fastest thing that most people know for many small files."""

    name = "tar-ssh"

    def _pipe(self, first: list[str], second: list[str]) -> None:
        with subprocess.Popen(first, stdout=subprocess.PIPE) as source:
            subprocess.run(second, stdin=source.stdout, check=True)
        if source.returncode:
            raise RuntimeError(f"{first[:3]} ended with {source.returncode}")

    def _ssh(self, command: str) -> list[str]:
        return ["ssh", *self.options, "127.0.0.1", command]

    def upload(self, file: Path) -> None:
        """One file or folder."""
        self._pipe(["tar", "-C", str(file.parent), "-cf", "-", file.name], self._ssh(f"tar -C {self.store} -xf -"))

    def download(self, name: str, into: Path) -> None:
        """One file or folder."""
        self._pipe(self._ssh(f"tar -C {self.store} -cf - {name}"), ["tar", "-C", str(into), "-xf", "-"])

    upload_tree = upload
    download_tree = download


class Rclone:
    """Rclone against `rclone serve webdav` over TLS; no digest on the way, plain files in store."""

    name = "rclone"

    def __init__(self, port: int, ca: Path, store: Path) -> None:
        """Everything by flags, nothing from a configuration file."""
        self.store = store
        self.base = [str(RCLONE), "--config", os.devnull, "--ca-cert", str(ca), "--transfers", "16", "--checkers", "16"]
        self.base += ["--webdav-url", f"https://127.0.0.1:{port}", "--webdav-vendor", "rclone"]
        # Ours is no service on the internet: without this it would wait ten milliseconds before every request.
        self.base += ["--webdav-pacer-min-sleep", "0"]

    @classmethod
    @contextmanager
    def start(cls, folder: Path, certificates: Certificates) -> Iterator["Rclone"]:
        """A WebDAV server."""
        port, store = free_port(), folder / "store"
        store.mkdir()
        tls = ["--cert", str(certificates.cert), "--key", str(certificates.key)]
        serve = [str(RCLONE), "--config", os.devnull, "serve", "webdav", *tls, "--addr", f"127.0.0.1:{port}"]
        with running([*serve, str(store)], port, cwd=folder):
            yield cls(port, certificates.ca, store)

    def upload(self, file: Path) -> None:
        """One file."""
        run([*self.base, "copyto", str(file), f":webdav:{file.name}"])

    def download(self, name: str, into: Path) -> None:
        """One file."""
        run([*self.base, "copyto", f":webdav:{name}", str(into / name)])

    def upload_tree(self, folder: Path) -> None:
        """A folder of files."""
        run([*self.base, "copy", str(folder), f":webdav:{folder.name}"])

    def download_tree(self, name: str, into: Path) -> None:
        """A folder of files."""
        run([*self.base, "copy", f":webdav:{name}", str(into / name)])

    def forget(self, name: str) -> None:
        """Remove it."""
        remove(self.store / name)


def remove(path: Path) -> None:
    """A file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


Peer = Sft | CurlNginx | Sftp | TarSsh | Rclone
Start = Callable[[Path, Certificates], AbstractContextManager[Peer]]
PEERS: dict[str, Start] = {kind.name: kind.start for kind in (Sft, CurlNginx, Sftp, TarSsh, Rclone)}
