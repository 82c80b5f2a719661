"""`sft share` as people use it: the command in a process of its own, guests with a browser's forms, curl, sft and FTPS.

The terminal is a real one (a pseudo terminal), and what is pressed goes through it.
"""

import fcntl
import ftplib
import http.client
import io
import json
import os
import pty
import re
import select
import signal
import ssl
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pytest
import structlog

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import (
    BusyError,
    ForbiddenError,
    NotFoundError,
    SecureFileTransferError,
    SignInFailedError,
    SignInRequiredError,
)
from secure_file_transfer.model import MIB
from secure_file_transfer.server import Wish, open_share
from secure_file_transfer.testing.process import sft_command

SECONDS = 60.0
"""Until something must have happened, on a machine that is busy with other things."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BIG = 48 * MIB


class Shared:
    """`sft share`, run without a terminal; the address and password come as JSON."""

    def __init__(self, home: Path, *arguments: str, text: str | None = None) -> None:
        self.home = home
        self._command = [*sft_command(), "share", "--host", "127.0.0.1", "--json", *arguments]
        if "--port" not in arguments:
            self._command += ["--port", "0"]
        self._text = text
        self._process: subprocess.Popen[str] | None = None
        self.about: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=environment(self.home),
            stdin=subprocess.PIPE if self._text else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._text and self._process.stdin:
            self._process.stdin.write(self._text)
            self._process.stdin.close()
        self.about = self.line()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def line(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self._process is not None
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said, self._process.stderr and self._process.stderr.read()
        found: dict[str, Any] = json.loads(said)
        return found

    def until(self, what: str) -> dict[str, Any]:
        """The next line of that kind."""
        while (found := self.line())["what"] != what:
            pass
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(SECONDS)

    @property
    def url(self) -> str:
        return str(self.about["urls"][0]).rstrip("/")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def password(self) -> str:
        return str(self.about["password"])

    @property
    def cafile(self) -> Path:
        return self.home / "state" / "secure-file-transfer" / "share" / "ca_cert.pem"

    def guest(self, name: str = "", password: str | None = "") -> SecureFileTransferClient:
        """A guest with the library, by the address alone."""
        client = SecureFileTransferClient(self.url, cafile=self.cafile)
        info = client.server_info().share
        assert info is not None
        try:
            client.visit(f"{self.url}/s/{info.secret}", self.password if password == "" else password, name=name)
        except BaseException:
            client.close()
            raise
        return client

    def ask(
        self, method: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        context = ssl.create_default_context(cafile=str(self.cafile))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=SECONDS)
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        answer.whole = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer


def environment(home: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SFT_")},
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TMPDIR": str(home / "tmp"),
        "TERM": "xterm-256color",
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    (photos / "cat.jpg").write_bytes(b"cat")
    (photos / "sub" / "dog.jpg").write_bytes(b"dog")
    (tmp_path / "secret.txt").write_bytes(b"the treasure")
    (photos / "way-out").symlink_to(tmp_path / "secret.txt")
    return tmp_path


def body(answer: http.client.HTTPResponse) -> str:
    return bytes(answer.whole).decode()  # type: ignore[attr-defined]


def cookie_of(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {"Cookie": (answer.headers["set-cookie"] or "").partition(";")[0]}


# --- guests ------------------------------------------------------------------------------------------------------


def test_a_browser_needs_the_address_and_the_password_alone(home: Path) -> None:
    """Attack 7 besides: a link that leads out of the folder is not there."""
    with Shared(home, str(home / "photos"), "--name", "Our <photos>") as shared:
        assert re.fullmatch("[a-z2-9]{4}-[a-z2-9]{5}-[a-z2-9]{4}", shared.password)
        first = shared.ask("GET", "/")
        assert first.status == 303
        page = first.headers["location"]
        locked = shared.ask("GET", page)
        assert (locked.status, "cat.jpg" in body(locked)) == (401, False)
        own = {"Origin": shared.url}
        wrong = shared.ask("POST", page, "password=guess&name=Sara", FORM | own)
        assert (wrong.status, 'value="Sara"' in body(wrong)) == (401, True)
        right = shared.ask("POST", page, f"password={shared.password}&name=Sara", FORM | own)
        assert right.status == 303
        opened = shared.ask("GET", page, headers=cookie_of(right))
        assert opened.status == 200
        for words in ("cat.jpg", "Our &lt;photos&gt;", "You are here as <bdi>Sara</bdi>"):
            assert words in body(opened)
        assert "way-out" not in body(opened)
        assert "multipart" not in body(opened)  # nothing to send
        assert body(shared.ask("GET", f"{page}/sub/dog.jpg", headers=cookie_of(right))) == "dog"
        for path in ("/way-out", "/../secret.txt", "/%2e%2e/secret.txt", "/sub/..%2f..%2fsecret.txt"):
            assert "treasure" not in body(shared.ask("GET", page + path, headers=cookie_of(right)))
        assert shared.until("came")["guest"] == "Sara"
        assert shared.until("fetched")["path"] == "/sub/dog.jpg"


def test_two_guests_behind_one_address_stay_apart_and_one_is_a_guest_of_sft(home: Path) -> None:
    with Shared(home, str(home / "photos")) as shared, shared.guest() as first, shared.guest() as second:
        assert [first.whoami().guest, second.whoami().guest] == ["Guest 1", "Guest 2"]

        def sft(*arguments: str, text: str = "") -> str:
            done = subprocess.run(
                [*sft_command(), *arguments],
                env=environment(home),
                cwd=home,
                input=text,
                capture_output=True,
                text=True,
                check=True,
            )
            return done.stdout

        trust = ("--cafile", str(shared.cafile), "--password-stdin")
        sft("login", shared.url, *trust, "--user", "Mona", text=shared.password + "\n")
        assert sft("ls", "/").split() == ["sub/", "cat.jpg"]
        sft("get", "-r", "/", "got")
        sft("get", f"{shared.url}/sub/dog.jpg", "address.jpg")
        assert (home / "address.jpg").read_bytes() == b"dog"
        assert sft("ls", f"{shared.url}/sub").split() == ["dog.jpg"]
        assert (home / "got" / "sub" / "dog.jpg").read_bytes() == b"dog"
        assert not (home / "got" / "way-out").exists()


def test_guests_only_read_unless_told_otherwise(home: Path) -> None:
    with Shared(home, str(home / "photos")) as shared, shared.guest() as guest:
        for act in (
            lambda: guest.put_bytes(b"new", "/new.txt"),
            lambda: guest.put_bytes(b"new", "/cat.jpg"),
            lambda: guest.remove("/cat.jpg"),
            lambda: guest.make_folder("/new"),
            lambda: guest.move("/cat.jpg", "/dog.jpg"),
        ):
            with pytest.raises(ForbiddenError):
                act()
        assert sorted(each.name for each in (home / "photos").iterdir()) == ["cat.jpg", "sub", "way-out"]


def test_write_is_for_new_names_only(home: Path) -> None:
    with Shared(home, str(home / "photos"), "--write") as shared, shared.guest("Sara") as guest:
        guest.put_bytes(b"mine", "/mine.txt")
        assert guest.put_bytes(b"another cat", "/cat.jpg").entry.path == "/cat (1).jpg"
        guest.make_folder("/new")
        for act in (lambda: guest.remove("/cat.jpg"), lambda: guest.move("/cat.jpg", "/moved.jpg")):
            with pytest.raises(ForbiddenError):
                act()
        assert (home / "photos" / "cat.jpg").read_bytes() == b"cat"
        assert (home / "photos" / "cat (1).jpg").read_bytes() == b"another cat"
        assert shared.until("sent")["path"] == "/mine.txt"
        assert shared.until("sent")["path"] == "/cat (1).jpg"


def test_overwrite_allows_more_and_no_removal(home: Path) -> None:
    with Shared(home, str(home / "photos"), "--write", "--overwrite") as shared, shared.guest() as guest:
        assert guest.put_bytes(b"another cat", "/cat.jpg").entry.path == "/cat.jpg"
        assert (home / "photos" / "cat.jpg").read_bytes() == b"another cat"
        with pytest.raises(ForbiddenError):
            guest.remove("/cat.jpg")


def test_a_drop_box_takes_files_and_shows_nothing(home: Path) -> None:
    with Shared(home, str(home / "photos"), "--drop", "--no-password") as shared:
        page = shared.ask("GET", "/").headers["location"]
        opened = shared.ask("GET", page)
        assert opened.status == 200
        assert "cat.jpg" not in body(opened)
        assert "multipart/form-data" in body(opened)
        parts = (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="cat.jpg"\r\n\r\nfrom a phone\r\n--x--\r\n'
        )
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Origin": shared.url} | cookie_of(opened)
        assert shared.ask("POST", page, parts, headers).status == 303
        assert (home / "photos" / "cat (1).jpg").read_bytes() == b"from a phone"
        assert (home / "photos" / "cat.jpg").read_bytes() == b"cat"
        with shared.guest(password=None) as guest:
            for act in (
                lambda: list(guest.list("/")),
                lambda: guest.get_bytes("/cat.jpg"),
                lambda: guest.stat("/cat.jpg"),
            ):
                with pytest.raises(NotFoundError):
                    act()


def test_one_file_is_all_that_is_there(home: Path) -> None:
    with Shared(home, str(home / "photos" / "cat.jpg")) as shared, shared.guest() as guest:
        assert (shared.about["kind"], shared.about["name"]) == ("file", "cat.jpg")
        assert [each.path for each in guest.list("/")] == ["/cat.jpg"]
        assert guest.get_bytes("/cat.jpg") == b"cat"
        for path in ("/sub/dog.jpg", "/../secret.txt", "/way-out"):
            with pytest.raises(SecureFileTransferError):
                guest.get_bytes(path)


def test_several_paths_stand_side_by_side(home: Path) -> None:
    (home / "more" / "photos").mkdir(parents=True)
    paths = (home / "photos", home / "secret.txt", home / "more" / "photos")
    with Shared(home, *map(str, paths), "--write") as shared, shared.guest() as guest:
        assert [each.name for each in guest.list("/")] == ["photos", "photos (2)", "secret.txt"]
        assert guest.get_bytes("/photos/cat.jpg") == b"cat"
        assert guest.put_bytes(b"new", "/photos (2)/new.txt").entry.path == "/photos (2)/new.txt"
        with pytest.raises(ForbiddenError):
            guest.put_bytes(b"new", "/new.txt")
        page = shared.ask("GET", "/").headers["location"]
        right = shared.ask("POST", page, f"password={shared.password}", FORM | {"Origin": shared.url})
        assert "multipart" not in body(shared.ask("GET", page, headers=cookie_of(right)))
        assert "multipart" in body(shared.ask("GET", f"{page}/photos", headers=cookie_of(right)))


def test_only_so_many_guests_fetch_and_only_so_many_are_here(home: Path) -> None:
    limits = ("--max-downloads", "1", "--max-clients", "2")
    with Shared(home, str(home / "photos"), *limits) as shared, shared.guest() as first, shared.guest() as second:
        with pytest.raises(BusyError):
            shared.guest()
        assert first.get_bytes("/cat.jpg") == first.get_bytes("/cat.jpg") == b"cat"
        with pytest.raises((NotFoundError, SignInRequiredError)):
            second.get_bytes("/cat.jpg")


def test_guessing_comes_to_an_end(home: Path) -> None:
    with Shared(home, str(home / "photos")) as shared:
        codes: list[str] = []
        while codes[-1:] != ["too_many_requests"] and len(codes) < 40:  # a slow machine earns some tries meanwhile
            with pytest.raises(SecureFileTransferError) as caught:
                shared.guest(password="guess")
            codes.append(caught.value.code)
        assert set(codes[:-1]) == {"sign_in_failed"}
        assert len(codes) > 10
        assert codes[-1] == "too_many_requests"


def test_ftps_takes_any_name_and_the_password(home: Path) -> None:
    with Shared(home, str(home / "photos"), "--ftps", "--write") as shared:
        port = int(shared.about["ftps_urls"][0].rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(shared.cafile))

        def signed(name: str, password: str) -> ftplib.FTP_TLS:
            ftp = ftplib.FTP_TLS(context=context, timeout=SECONDS)  # noqa: S321 - with TLS
            ftp.connect("127.0.0.1", port)
            try:
                ftp.login(name, password)
                ftp.prot_p()
            except BaseException:
                ftp.close()
                raise
            return ftp

        with pytest.raises(ftplib.error_perm, match="530"):
            signed("Bob", "guess")
        with closing(signed("Bob", shared.password)) as ftp:
            assert sorted(ftp.nlst()) == ["cat.jpg", "sub"]
            got: list[bytes] = []
            ftp.retrbinary("RETR sub/dog.jpg", got.append)
            assert b"".join(got) == b"dog"
            ftp.storbinary("STOR cat.jpg", io.BytesIO(b"the treasure"))
            with pytest.raises(ftplib.error_perm):
                ftp.delete("cat.jpg")
            with pytest.raises(ftplib.error_perm):
                ftp.retrbinary("RETR way-out", got.append)
        assert (home / "photos" / "cat.jpg").read_bytes() == b"cat"
        assert (home / "photos" / "cat (1).jpg").read_bytes() == b"the treasure"
        assert shared.until("came")["guest"] == "Bob"


def test_a_warning_stands_on_the_page_until_it_was_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(home / "tmp"))
    wish = Wish([home / "photos"], password="rose water", host="127.0.0.1", port=0)
    try:
        with open_share(wish) as share:
            context = ssl.create_default_context(
                cafile=str(home / "state" / "secure-file-transfer" / "share" / "ca_cert.pem")
            )

            def ask(method: str, path: str, sent: str = "", cookie: str = "") -> tuple[int, str, str]:
                with closing(http.client.HTTPSConnection("127.0.0.1", share.port, context=context)) as connection:
                    headers = FORM | {"Origin": share.urls[0]} | ({"Cookie": cookie} if cookie else {})
                    connection.request(method, path, sent, headers)
                    answer = connection.getresponse()
                    kept = (answer.headers["set-cookie"] or "").partition(";")[0]
                    return answer.status, kept or (answer.headers["location"] or ""), answer.read().decode()

            page = ask("GET", "/")[1]
            status, cookie, _ = ask("POST", page, "password=rose+water&name=Sara")
            assert status == 303
            (sara,) = share.guests()
            share.warn_guest(sara, "One <file> at a time\x1b[2J")
            shown = ask("GET", page, cookie=cookie)[2]
            assert "One &lt;file&gt; at a time" in shown
            number = re.search(r'name="acknowledge" value="(\d+)"', shown)
            assert number
            assert ask("POST", page, "acknowledge=999", cookie)[0] == 404
            assert ask("POST", page, f"acknowledge={number[1]}")[0] == 404  # somebody else's
            assert ask("POST", page, f"acknowledge={number[1]}", cookie)[0] == 303
            assert "acknowledge" not in ask("GET", page, cookie=cookie)[2]
            assert [each.what.value for each in share.happenings()] == ["came", "warned", "read"]
            assert share.end_guest(sara, block_minutes=60)
            assert not share.end_guest(sara)
            assert ask("GET", page, cookie=cookie)[0] in {401, 403}
            assert ask("POST", page, "password=rose+water")[0] == 429  # its address is shut out
    finally:
        structlog.reset_defaults()
    assert list((home / "tmp").iterdir()) == []


# --- the one who shares ------------------------------------------------------------------------------------------


def test_nothing_is_left_but_the_authority(home: Path) -> None:
    with Shared(home, str(home / "photos")) as shared:
        (data,) = (home / "tmp").glob("sft-share-*")
        assert data.stat().st_mode & 0o777 == 0o700
        assert list((data / "keys").iterdir()) == []  # the master key never touches the disk
        first = shared.about["fingerprint"]
        assert shared.stop() == 0
    assert list((home / "tmp").glob("sft-share-*")) == []
    with Shared(home, str(home / "photos")) as again:
        assert again.about["fingerprint"] == first  # guests who trusted this computer do so again
        assert again.stop(signal.SIGKILL) == -signal.SIGKILL
    (left,) = (home / "tmp").glob("sft-share-*")
    os.utime(left, (1, 1))
    with Shared(home, str(home / "photos")) as third:
        assert left not in (home / "tmp").glob("sft-share-*")
        assert third.stop(signal.SIGINT) == 0


def test_it_ends_by_itself_when_its_time_is_up(home: Path) -> None:
    ends = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 15))
    with Shared(home, str(home / "photos"), "--expire", ends) as shared:
        with shared.guest() as guest:
            assert guest.get_bytes("/cat.jpg") == b"cat"
        assert shared._process is not None
        assert shared._process.wait(SECONDS) == 0


def test_a_taken_port_is_told_and_the_next_one_taken(home: Path) -> None:
    with Shared(home, str(home / "photos")) as first:
        done = refused(home, str(home / "photos"), "--host", "127.0.0.1", "--port", str(first.port))
        assert done.returncode != 0
        assert f"port {first.port}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Nothing to share"),
        (("missing",), "is not there"),
        (("photos", "--drop", "--write"), "Give one of them"),
        (("photos", "--overwrite"), "--overwrite goes with --write"),
        (("secret.txt", "--drop"), "--drop takes one folder"),
        (("secret.txt", "--write"), "--write needs a folder"),
        (("photos", "--expire", "soon"), "is no time"),
        (("photos", "--no-password", "--password-stdin"), "contradict"),
        ((".",), "your whole home folder"),
        (("/",), "the whole disk"),
        (("keys",), ".ssh"),
    ],
)
def test_what_makes_no_sense_or_may_not_be_meant_is_refused(home: Path, arguments: tuple[str, ...], words: str) -> None:
    (home / "keys" / ".ssh").mkdir(parents=True)
    done = refused(home, *arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert list((home / "tmp").iterdir()) == []


def refused(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*sft_command(), "share", *arguments],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


# --- the terminal ------------------------------------------------------------------------------------------------


class Terminal:
    """`sft share` on a pseudo terminal of that many columns."""

    def __init__(self, home: Path, *arguments: str, columns: int = 80) -> None:
        self.home = home
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.said = ""
        self.process = subprocess.Popen(
            [*sft_command(), "share", "--host", "127.0.0.1", "--port", "0", *arguments],
            env=environment(home) | {"NO_COLOR": "1"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - the one way to give a terminal
        )

    def until(self, words: str) -> str:
        """Read until it shows that; returns all that came since the last time."""
        ends, start = time.monotonic() + SECONDS, len(self.said)
        while words not in self.said[start:]:
            assert time.monotonic() < ends, f"{words!r} is not in {self.said[start:]!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.said += os.read(self.master, 65536).decode()
                except OSError:
                    break
            elif self.process.poll() is not None:
                break
        assert words in self.said[start:], self.said[start:]
        return self.said[start:]

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        return self.process.wait(SECONDS)

    def guest(self, name: str = "") -> SecureFileTransferClient:
        found = re.search(r"(https://127\.0\.0\.1:\d+)/", self.said)
        password = re.search(r"password\s+(\S+)", self.said)
        assert found
        assert password
        cafile = self.home / "state" / "secure-file-transfer" / "share" / "ca_cert.pem"
        client = SecureFileTransferClient(found[1], cafile=cafile)
        info = client.server_info().share
        assert info is not None
        client.visit(f"{found[1]}/s/{info.secret}", password[1], name=name)
        return client

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    (home / "photos" / "long.bin").write_bytes(os.urandom(MIB) * (BIG // MIB))
    found = Terminal(home, str(home / "photos"))
    found.until("Ctrl-C")
    yield found
    found.close()


def test_the_terminal_shows_guests_and_sends_them_away(terminal: Terminal) -> None:
    assert "Nobody is here yet" in terminal.said
    assert "█" in terminal.said  # the code for phones
    with terminal.guest("Sara\x1b[2J") as guest, terminal.guest("Mona") as other:
        seen = terminal.until("Mona")
        assert "\x1b[2J" not in seen
        assert "Sara [2J" in terminal.said
        terminal.press("wHurry up\r")
        terminal.until("Sara [2J was warned")
        (warning,) = guest.warnings()
        assert warning.text == "Hurry up"
        guest.acknowledge(warning.id)
        terminal.until("Sara [2J has read the warning")
        stream = guest.get_stream("/long.bin")
        next(stream)
        terminal.until("fetches long.bin")
        terminal.press("k")
        terminal.until("Send Sara [2J away")
        terminal.press("y")
        terminal.until("was sent away")
        with pytest.raises(SecureFileTransferError):
            for _ in stream:
                pass
        with pytest.raises(SignInRequiredError):
            list(guest.list("/"))
        assert [each.name for each in other.list("/")] == ["sub", "cat.jpg", "long.bin"]
    terminal.press("\x03")
    terminal.until("The share has ended. 2 guests came.")
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_ctrl_c_asks_first_when_something_moves(terminal: Terminal) -> None:
    with terminal.guest("Sara") as guest:
        stream = guest.get_stream("/long.bin")
        next(stream)
        terminal.until("fetches long.bin")
        terminal.press("\x03")
        terminal.until("1 guest is transferring. End the share now? y/n")
        terminal.press("n")
        terminal.until("Ctrl-C end the share")
        assert terminal.process.poll() is None
        terminal.press("\x03")
        terminal.until("End the share now? y/n")
        terminal.press("y")
        terminal.until("The share has ended. 1 guest came.")
        assert terminal.ended() == 0


def test_a_second_ctrl_c_means_it(terminal: Terminal) -> None:
    with terminal.guest() as guest:
        stream = guest.get_stream("/long.bin")
        next(stream)
        terminal.until("fetches long.bin")
        terminal.press("\x03")
        terminal.until("End the share now? y/n")
        terminal.press("\x03")
        terminal.until("The share has ended")
        assert terminal.ended() == 0


def test_a_password_of_ones_own_and_none(home: Path) -> None:
    with Shared(home, str(home / "photos"), "--password-stdin", text="rose water\n") as shared:
        with pytest.raises(SignInFailedError):
            shared.guest(password="rose")
        shared.guest(password="rose water").close()
    with Shared(home, str(home / "photos"), "--no-password") as shared:
        assert shared.about["password"] is None
        shared.guest(password=None).close()
