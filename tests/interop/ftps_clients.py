"""FTP clients that nobody here wrote, each behind the same few verbs. Paths on the server are absolute."""

import ftplib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from benchmarks.peers import RCLONE

from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire, hang_up

SECONDS = 60


class CannotError(Exception):
    """The client has no such thing; the text says what it has instead."""


class Client:
    """What every client is asked for. `scratch` is a folder of its own."""

    name = ""

    def __init__(self, site: FtpsSite, scratch: Path) -> None:
        self.site, self.scratch = site, scratch

    def upload(self, local: Path, remote: str) -> None:
        raise NotImplementedError

    def download(self, remote: str, local: Path) -> None:
        raise NotImplementedError

    def resume_up(self, local: Path, remote: str) -> str | None:
        """May say how it came to the whole when it did not resume."""
        raise NotImplementedError

    def resume_down(self, remote: str, local: Path) -> None:
        raise NotImplementedError

    def names(self, folder: str) -> set[str]:
        raise NotImplementedError

    def rename(self, old: str, new: str) -> None:
        raise NotImplementedError

    def upload_tree(self, local: Path, remote: str) -> None:
        raise NotImplementedError

    def download_tree(self, remote: str, local: Path) -> None:
        raise NotImplementedError

    def remove_tree(self, remote: str) -> None:
        raise NotImplementedError


def run(argv: list[str], *, text: str = "", **env: str) -> str:
    """One run of a program; what it printed."""
    done = subprocess.run(
        argv,
        input=text.encode(),
        capture_output=True,
        check=False,
        timeout=SECONDS,
        env={**os.environ, "LC_ALL": "C.UTF-8", **env},
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise AssertionError(f"{Path(argv[0]).name} ended with {done.returncode}: {said[-1500:]}")
    return done.stdout.decode()


def walk(root: Path) -> Iterator[Path]:
    """What is in a folder, folders before their contents, relative to it."""
    for path in sorted(root.rglob("*")):
        yield path.relative_to(root)


class Curl(Client):
    name = "curl"

    def _curl(self, *lines: str) -> str:
        # The password does not go into its arguments.
        config = [f'user = "{self.site.user}:{self.site.password}"', "globoff", *lines]
        base = ["curl", "-sS", "--fail", "--ssl-reqd", "--cacert", str(self.site.cafile), "--ftp-create-dirs"]
        return run([*base, "--config", "-"], text="\n".join(config))

    def _url(self, path: str) -> str:
        return f'url = "ftp://{self.site.host}:{self.site.port}{quote(path)}"'

    def upload(self, local: Path, remote: str) -> None:
        self._curl(f'upload-file = "{local}"', self._url(remote))

    def download(self, remote: str, local: Path) -> None:
        self._curl(f'output = "{local}"', self._url(remote))

    def resume_up(self, local: Path, remote: str) -> None:
        self._curl('continue-at = "-"', f'upload-file = "{local}"', self._url(remote))

    def resume_down(self, remote: str, local: Path) -> None:
        self._curl('continue-at = "-"', f'output = "{local}"', self._url(remote))

    def names(self, folder: str) -> set[str]:
        short = set(self._curl("list-only", self._url(f"{folder}/")).splitlines())
        long = self._curl(self._url(f"{folder}/")).splitlines()
        assert len(short) == len(long), "NLST and LIST differ"
        return short

    def _quote(self, *commands: str) -> None:
        self._curl(*(f'quote = "{command}"' for command in commands), self._url("/"), 'output = "/dev/null"')

    def rename(self, old: str, new: str) -> None:
        self._quote(f"RNFR {old}", f"RNTO {new}")

    def upload_tree(self, local: Path, remote: str) -> None:
        lines = []
        for path in walk(local):
            if (local / path).is_file():
                lines += [f'upload-file = "{local / path}"', self._url(f"{remote}/{path}")]
        self._curl(*lines)

    def download_tree(self, remote: str, local: Path) -> None:
        """It has no recursion: somebody lists, it fetches."""
        lines = ["create-dirs"]
        for path in remote_files(self.site, remote):
            lines += [f'output = "{local / path}"', self._url(f"{remote}/{path}")]
        self._curl(*lines)

    def remove_tree(self, remote: str) -> None:
        remove = remote_removal(self.site, remote)
        self._quote(*remove)


class Lftp(Client):
    name = "lftp"

    def _lftp(self, *commands: str) -> str:
        script = [
            "set cmd:fail-exit true",
            "set ftp:ssl-force true",
            "set ftp:ssl-protect-data true",
            f"set ssl:ca-file {self.site.cafile}",
            "set net:max-retries 2",
            "set net:timeout 20",
            "set ftp:use-mdtm-overloaded false",
            f'open -p {self.site.port} -u "{self.site.user},{self.site.password}" ftp://{self.site.host}',
            *commands,
        ]
        return run(["lftp"], text="\n".join([*script, ""]), LFTP_HOME=str(self.scratch), HOME=str(self.scratch))

    def upload(self, local: Path, remote: str) -> None:
        self._lftp(f'put "{local}" -o "{remote}"')

    def download(self, remote: str, local: Path) -> None:
        self._lftp(f'get "{remote}" -o "{local}"')

    def resume_up(self, local: Path, remote: str) -> None:
        self._lftp(f'put -c "{local}" -o "{remote}"')

    def resume_down(self, remote: str, local: Path) -> None:
        self._lftp(f'get -c "{remote}" -o "{local}"')

    def names(self, folder: str) -> set[str]:
        return {line.rstrip("/") for line in self._lftp(f'cd "{folder}"', "cls -1").splitlines()}

    def rename(self, old: str, new: str) -> None:
        self._lftp(f'mv "{old}" "{new}"')

    def upload_tree(self, local: Path, remote: str) -> None:
        self._lftp(f'mirror -R --parallel=4 "{local}" "{remote}"')

    def download_tree(self, remote: str, local: Path) -> None:
        self._lftp(f'mirror --parallel=4 "{remote}" "{local}"')

    def remove_tree(self, remote: str) -> None:
        self._lftp(f'rm -r "{remote}"')


class Rclone(Client):
    name = "rclone"

    def _rclone(self, *arguments: str) -> bytes:
        env = {
            **os.environ,
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_FTP_HOST": self.site.host,
            "RCLONE_FTP_PORT": str(self.site.port),
            "RCLONE_FTP_USER": self.site.user,
            "RCLONE_FTP_PASS": run([str(RCLONE), "obscure", "-"], text=self.site.password).strip(),
            "RCLONE_FTP_EXPLICIT_TLS": "true",
            "SSL_CERT_FILE": str(self.site.cafile),
        }
        options = ["--retries", "1", "--low-level-retries", "2", "--transfers", "4", "--checkers", "4"]
        command = [str(RCLONE), *options, *arguments]
        done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=SECONDS)
        assert not done.returncode, f"rclone {arguments[0]} ended with {done.returncode}: {done.stderr[-1500:]!r}"
        return done.stdout

    def upload(self, local: Path, remote: str) -> None:
        self._rclone("copyto", str(local), f":ftp:{remote}")

    def download(self, remote: str, local: Path) -> None:
        self._rclone("copyto", f":ftp:{remote}", str(local))

    def resume_up(self, local: Path, remote: str) -> str:
        self.upload(local, remote)
        return "anew"

    def resume_down(self, remote: str, local: Path) -> None:
        rest = self._rclone("cat", "--offset", str(local.stat().st_size), f":ftp:{remote}")
        with local.open("ab") as out:
            out.write(rest)

    def names(self, folder: str) -> set[str]:
        return {line.rstrip("/") for line in self._rclone("lsf", f":ftp:{folder}").decode().splitlines()}

    def rename(self, old: str, new: str) -> None:
        self._rclone("moveto", f":ftp:{old}", f":ftp:{new}")

    def upload_tree(self, local: Path, remote: str) -> None:
        self._rclone("copy", "--create-empty-src-dirs", str(local), f":ftp:{remote}")

    def download_tree(self, remote: str, local: Path) -> None:
        self._rclone("copy", "--create-empty-src-dirs", f":ftp:{remote}", str(local))

    def remove_tree(self, remote: str) -> None:
        self._rclone("purge", f":ftp:{remote}")


class ResumingFTP(ftplib.FTP_TLS):
    """As people write it who must resume the control connection's TLS session."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - with TLS, and on trial
        session = getattr(self.sock, "session", None)
        return self.context.wrap_socket(plain, server_hostname=self.host, session=session), size


class Ftplib(Client):
    name = "ftplib"
    kind: type[ftplib.FTP_TLS] = ftplib.FTP_TLS

    @contextmanager
    def _ftp(self) -> Iterator[ftplib.FTP_TLS]:
        with self.kind(context=self.site.context(), timeout=30) as ftp:
            ftp.connect(self.site.host, self.site.port)
            ftp.login(self.site.user, self.site.password)
            ftp.prot_p()
            yield ftp

    def upload(self, local: Path, remote: str) -> None:
        with self._ftp() as ftp, local.open("rb") as body:
            ftp.storbinary(f"STOR {remote}", body)

    def download(self, remote: str, local: Path) -> None:
        with self._ftp() as ftp, local.open("wb") as out:
            ftp.retrbinary(f"RETR {remote}", out.write)

    def resume_up(self, local: Path, remote: str) -> None:
        with self._ftp() as ftp, local.open("rb") as body:
            ftp.voidcmd("TYPE I")
            there = ftp.size(remote)
            assert there, "nothing is left to resume"
            body.seek(there)
            ftp.storbinary(f"STOR {remote}", body, rest=there)

    def resume_down(self, remote: str, local: Path) -> None:
        with self._ftp() as ftp, local.open("ab") as out:
            ftp.retrbinary(f"RETR {remote}", out.write, rest=out.tell())

    def names(self, folder: str) -> set[str]:
        with self._ftp() as ftp:
            ftp.cwd(folder)
            plain = {PurePosixPath(name).name for name in ftp.nlst()}
            if "MLST" in ftp.voidcmd("FEAT"):
                facts = {name for name, fact in ftp.mlsd() if fact["type"] not in {"cdir", "pdir"}}
                assert plain == facts, "NLST and MLSD differ"
            return plain

    def rename(self, old: str, new: str) -> None:
        with self._ftp() as ftp:
            ftp.rename(old, new)

    def upload_tree(self, local: Path, remote: str) -> None:
        with self._ftp() as ftp:
            ftp.mkd(remote)
            for path in walk(local):
                if (local / path).is_dir():
                    ftp.mkd(f"{remote}/{path}")
                else:
                    with (local / path).open("rb") as body:
                        ftp.storbinary(f"STOR {remote}/{path}", body)

    def download_tree(self, remote: str, local: Path) -> None:
        for path in remote_files(self.site, remote):
            (local / path).parent.mkdir(parents=True, exist_ok=True)
            self.download(f"{remote}/{path}", local / path)

    def remove_tree(self, remote: str) -> None:
        with self._ftp() as ftp:
            for command in remote_removal(self.site, remote):
                ftp.voidcmd(command)


class FtplibResuming(Ftplib):
    name = "ftplib+reuse"
    kind = ResumingFTP


class FileZilla(Client):
    """Not the program, which has no command line, but what it sends: two connections, MLSD, keep-alive."""

    name = "filezilla"

    def _connect(self) -> FtpsWire:
        wire = FtpsWire(self.site)
        wire.secure()
        if wire.ask(f"USER {self.site.user}", 230, 331).code == 331:
            wire.ask(f"PASS {self.site.password}", 230)
        wire.ask("SYST", 215)
        self.features = {line.strip().split(" ")[0].upper() for line in wire.ask("FEAT", 211).lines[1:-1]}
        if "UTF8" in self.features:
            wire.ask("OPTS UTF8 ON", 200, 202)
        wire.ask("PBSZ 0", 200)
        wire.ask("PROT P", 200)
        wire.ask("PWD", 257)
        wire.ask("TYPE I", 200)
        return wire

    @contextmanager
    def _two(self, folder: str) -> Iterator[tuple[FtpsWire, FtpsWire]]:
        """One to look around with, one to transfer with."""
        browse, work = self._connect(), self._connect()
        for wire in (browse, work):
            wire.ask(f"CWD {folder}", 250)
            wire.ask("PWD", 257)
        yield browse, work
        for wire in (browse, work):
            wire.quit()

    def _end(self, work: FtpsWire) -> None:
        """The transfer's end and the answer to a NOOP that was sent in the middle of it, in either order."""
        codes = {work.reply().code, work.reply().code}
        assert codes in ({226, 200}, {226, 250}), codes

    def _send(self, local: Path, remote: str, verb: str, start: int) -> None:
        folder, _, name = remote.rpartition("/")
        body = local.read_bytes()[start:]
        with self._two(folder) as (browse, work):
            with work.transfer(f"{verb} {name}") as data:
                data.sendall(body[: len(body) // 2])
                work.send("NOOP")
                browse.ask("NOOP", 200)
                data.sendall(body[len(body) // 2 :])
                hang_up(data)
            self._end(work)
            if "MFMT" in self.features:
                work.ask(f"MFMT 20240229120000 {name}", 213)
                assert work.ask(f"MDTM {name}", 213).text.startswith("20240229120000")
            assert work.ask(f"SIZE {name}", 213).text == str(local.stat().st_size)

    def upload(self, local: Path, remote: str) -> None:
        self._send(local, remote, "STOR", 0)

    def resume_up(self, local: Path, remote: str) -> None:
        with self._connect() as wire:
            there = int(wire.ask(f"SIZE {remote}", 213).text)
        assert there, "nothing is left to resume"
        self._send(local, remote, "APPE", there)

    def _fetch(self, remote: str, local: Path, start: int) -> None:
        folder, _, name = remote.rpartition("/")
        with self._two(folder) as (browse, work), local.open("ab") as out:
            out.truncate(start)
            size = int(work.ask(f"SIZE {name}", 213).text)
            work.ask(f"MDTM {name}", 213)
            with work.transfer(f"RETR {name}", rest=start) as data:
                out.write(data.recv(1 << 16))
                work.send("NOOP")
                browse.ask("NOOP", 200)
                while piece := data.recv(1 << 16):
                    out.write(piece)
                hang_up(data)
            self._end(work)
        assert local.stat().st_size == size

    def download(self, remote: str, local: Path) -> None:
        self._fetch(remote, local, 0)

    def resume_down(self, remote: str, local: Path) -> None:
        self._fetch(remote, local, local.stat().st_size)

    def names(self, folder: str) -> set[str]:
        with self._connect() as wire:
            wire.ask(f"CWD {folder}", 250)
            if "MLST" in self.features:
                return wire.names()
            lines = wire.fetch("LIST").decode().splitlines()
            return {re.split(r"\s+", line, maxsplit=8)[8] for line in lines}

    def rename(self, old: str, new: str) -> None:
        with self._connect() as wire:
            wire.ask(f"RNFR {old}", 350)
            wire.ask(f"RNTO {new}", 250)

    def upload_tree(self, local: Path, remote: str) -> None:
        with self._connect() as wire:
            wire.ask(f"MKD {remote}", 257)
            for path in walk(local):
                if (local / path).is_dir():
                    wire.ask(f"MKD {remote}/{path}", 257)
                else:
                    wire.store(f"STOR {remote}/{path}", (local / path).read_bytes())

    def download_tree(self, remote: str, local: Path) -> None:
        with self._connect() as wire:
            for path in remote_files(self.site, remote):
                (local / path).parent.mkdir(parents=True, exist_ok=True)
                (local / path).write_bytes(wire.fetch(f"RETR {remote}/{path}"))

    def remove_tree(self, remote: str) -> None:
        with self._connect() as wire:
            for command in remote_removal(self.site, remote):
                wire.ask(command, 250)


class Ncftp(Client):
    """Debian's (3.2) is built without TLS: what there is to show is that it is turned away."""

    name = "ncftp"

    def __init__(self, site: FtpsSite, scratch: Path) -> None:
        super().__init__(site, scratch)
        assert not re.search("tls|ssl", run(["sh", "-c", "ncftpls -? 2>&1 || true"]), re.IGNORECASE), "it has learned"
        account = ["-u", site.user, "-p", site.password, "-P", str(site.port)]
        command = ["ncftpls", "-r", "0", "-t", "10", *account, f"ftp://{site.host}/"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=30, stdin=subprocess.DEVNULL)
        assert done.returncode, f"it came in without TLS: {done.stdout!r}"
        raise CannotError("no TLS")


def remote_files(site: FtpsSite, folder: str) -> list[PurePosixPath]:
    """The files below a folder, by LIST, for clients without recursion."""
    with FtpsWire.signed_in(site) as wire:
        return [path for path, is_folder in _below(wire, folder, PurePosixPath()) if not is_folder]


def remote_removal(site: FtpsSite, folder: str) -> list[str]:
    """The commands that remove a folder and everything in it."""
    with FtpsWire.signed_in(site) as wire:
        found = list(_below(wire, folder, PurePosixPath()))
    commands = [f"{'RMD' if is_folder else 'DELE'} {folder}/{path}" for path, is_folder in reversed(found)]
    return [*commands, f"RMD {folder}"]


def _below(wire: FtpsWire, root: str, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
    wire.ask(f"CWD {root}/{at}", 250)
    for line in wire.fetch("LIST").decode().splitlines():
        name = at / re.split(r"\s+", line, maxsplit=8)[8]
        yield name, line.startswith("d")
        if line.startswith("d"):
            yield from _below(wire, root, name)


Start = Callable[[FtpsSite, Path], Client]
CLIENTS: dict[str, Start] = {kind.name: kind for kind in (Curl, Lftp, Rclone, Ftplib, FtplibResuming, FileZilla, Ncftp)}


def missing() -> list[str]:
    """The programs that are not installed; `./test.sh` installs them."""
    needed = ("curl", "lftp", "ncftpls", str(RCLONE))
    return [name for name in needed if shutil.which(name) is None]
