"""What the client and a server do together, whichever server it is. A server names itself in a fixture `server`:

class TestAgainstMine(ClientContract):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[Reachable]:
        ...
        yield Reachable(url, cafile, token)

The session may write anywhere; every test works in a folder of its own, so one server may serve them all.
"""

import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, SecureFileTransferClient
from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    InvalidNameError,
    IsAFolderError,
    NotAFolderError,
    NotEmptyError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    SignInFailedError,
    SignInRequiredError,
)
from secure_file_transfer.model import KIB, MIB, Kind, TimeUs

NAMES = [
    "with space.txt",
    "گزارش\u200cها.pdf",  # noqa: RUF001 - a Persian name
    "🎉 party.bin",
    "a:b'c#d%e?f&g+h.txt",
    "archive.tar.gz",
    "-dash",
    "é.txt",
]
WHEN = TimeUs(1_600_000_000_123_456)


@dataclass(frozen=True)
class Reachable:
    """A server to test against, and a session on it."""

    url: str
    cafile: Path
    token: str


def body(size: int, seed: int = 7) -> bytes:
    """Bytes that repeat nowhere."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


class ClientContract:
    @pytest.fixture
    async def client(self, server: Reachable) -> AsyncIterator[AsyncClient]:
        async with AsyncClient(server.url, cafile=server.cafile, token=server.token) as client:
            yield client

    @pytest.fixture
    async def room(self, client: AsyncClient) -> str:
        """A folder of the test's own."""
        return (await client.make_folder(f"/room-{secrets.token_hex(4)}")).path

    # --- who we are ---------------------------------------------------------------------------------------------

    async def test_the_server_says_what_it_is(self, client: AsyncClient) -> None:
        info = await client.server_info()
        assert (info.name, info.api) == ("Secure File Transfer", 1)

    async def test_whoami_names_the_account(self, client: AsyncClient) -> None:
        me = await client.whoami()
        assert me.account is not None
        assert me.expires_us is not None

    async def test_without_a_session_nothing_is_given(self, server: Reachable) -> None:
        async with AsyncClient(server.url, cafile=server.cafile, token=secrets.token_urlsafe(32)) as stranger:
            with pytest.raises(SignInRequiredError):
                await stranger.stat("/")

    async def test_a_wrong_password_is_one_failure_whoever_is_named(self, server: Reachable) -> None:
        async with AsyncClient(server.url, cafile=server.cafile) as stranger:
            with pytest.raises(SignInFailedError):
                await stranger.sign_in("nobody-" + secrets.token_hex(4), "wrong-" + secrets.token_hex(8))

    # --- entries ------------------------------------------------------------------------------------------------

    async def test_a_new_folder_can_be_looked_at(self, client: AsyncClient, room: str) -> None:
        made = await client.make_folder(f"{room}/a")
        assert (made.path, made.name, made.kind) == (f"{room}/a", "a", Kind.FOLDER)
        assert await client.stat(f"{room}/a") == made

    async def test_a_folder_needs_its_parent_unless_told_otherwise(self, client: AsyncClient, room: str) -> None:
        with pytest.raises(NotFoundError):
            await client.make_folder(f"{room}/x/y")
        await client.make_folder(f"{room}/x/y", parents=True)
        await client.make_folder(f"{room}/x/y", parents=True)
        with pytest.raises(ExistsError):
            await client.make_folder(f"{room}/x/y")

    async def test_a_listing_gives_every_entry_once_over_all_pages(self, client: AsyncClient, room: str) -> None:
        await client.make_folder(f"{room}/zz")
        for name in ("b", "a", "c"):
            await client.put_bytes(name.encode() * 3, f"{room}/{name}")
        names = [entry.name async for entry in client.list(room)]
        assert names == ["zz", "a", "b", "c"]
        names = [entry.name async for entry in client.list(room, descending=True)]
        assert names == ["zz", "c", "b", "a"]

    async def test_a_file_is_no_folder_to_list(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(b"x", f"{room}/f")
        with pytest.raises(NotAFolderError):
            _ = [entry async for entry in client.list(f"{room}/f")]

    async def test_move_and_copy_say_where_the_thing_lies_now(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(b"one", f"{room}/one")
        await client.put_bytes(b"two", f"{room}/two")
        assert (await client.move(f"{room}/one", f"{room}/three")).path == f"{room}/three"
        with pytest.raises(ExistsError):
            await client.copy(f"{room}/two", f"{room}/three")
        copied = await client.copy(f"{room}/two", f"{room}/three", conflict="rename")
        assert copied.path not in {f"{room}/three", f"{room}/two"}
        await client.copy(f"{room}/two", f"{room}/three", conflict="overwrite")
        assert await client.get_bytes(f"{room}/three") == b"two"
        with pytest.raises(NotFoundError):
            await client.stat(f"{room}/one")

    async def test_a_folder_cannot_go_into_itself(self, client: AsyncClient, room: str) -> None:
        with pytest.raises(ConflictError):
            await client.move(room, f"{room}/inside")

    async def test_a_full_folder_is_removed_only_on_demand(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(b"x", f"{room}/f")
        with pytest.raises(NotEmptyError):
            await client.remove(room)
        await client.remove(room, recursive=True)
        with pytest.raises(NotFoundError):
            await client.stat(room)

    async def test_usage_counts(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(body(100), f"{room}/f")
        usage = await client.usage()
        assert usage.bytes >= 100
        assert usage.files >= 1

    # --- content ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 64 * KIB + 1, 5 * MIB + 3])
    async def test_bytes_come_back_as_they_went(self, client: AsyncClient, room: str, size: int) -> None:
        data = body(size)
        written = await client.put_bytes(data, f"{room}/f", modified_us=WHEN)
        assert written.outcome == "created"
        assert written.entry.sha256 == hashlib.sha256(data).digest()
        assert (written.entry.size, written.entry.modified_us) == (size, WHEN)
        assert await client.get_bytes(f"{room}/f") == data

    @pytest.mark.parametrize("name", NAMES)
    async def test_every_honest_name_works(self, client: AsyncClient, room: str, name: str) -> None:
        await client.put_bytes(b"x", f"{room}/{name}")
        assert (await client.stat(f"{room}/{name}")).name == name
        assert [entry.name async for entry in client.list(room)] == [name]

    @pytest.mark.parametrize("name", ["..", "a/../b", "a\\b", "a\0b", "e\u0301", "a ", "\u202egnp.exe", "x" * 256])
    async def test_a_bad_name_never_leaves_the_client(self, client: AsyncClient, name: str) -> None:
        with pytest.raises(InvalidNameError):
            await client.put_bytes(b"x", f"/{name}")

    async def test_a_stream_of_unknown_length_is_stored(self, client: AsyncClient, room: str) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield body(700 * KIB)
                yield b""

        await client.put_stream(pieces(), f"{room}/f")
        assert await client.get_bytes(f"{room}/f") == body(700 * KIB) * 5

    async def test_a_file_object_is_stored(self, client: AsyncClient, room: str) -> None:
        await client.put_stream(io.BytesIO(body(5 * MIB)), f"{room}/f", length=5 * MIB)
        assert await client.get_bytes(f"{room}/f") == body(5 * MIB)

    async def test_a_range_is_exactly_what_was_asked_for(self, client: AsyncClient, room: str) -> None:
        data = body(3 * MIB)
        await client.put_bytes(data, f"{room}/f")
        assert await client.get_bytes(f"{room}/f", offset=MIB - 1, length=MIB + 2) == data[MIB - 1 : 2 * MIB + 1]
        assert await client.get_bytes(f"{room}/f", offset=3 * MIB - 5) == data[-5:]
        assert await client.get_bytes(f"{room}/f", offset=3 * MIB - 5, length=100) == data[-5:]
        with pytest.raises(RangeNotSatisfiableError):
            await client.get_bytes(f"{room}/f", offset=3 * MIB)

    async def test_a_download_describes_itself(self, client: AsyncClient, room: str) -> None:
        written = await client.put_bytes(b"hello", f"{room}/f", modified_us=WHEN)
        async with client.get_stream(f"{room}/f", offset=1, length=2) as stream:
            assert (stream.size, stream.length, stream.etag) == (5, 2, written.entry.etag)
            assert stream.sha256 == hashlib.sha256(b"hello").digest()
            assert stream.modified_us == WHEN // 10**6 * 10**6

    async def test_preconditions_guard_what_is_there(self, client: AsyncClient, room: str) -> None:
        first = await client.put_bytes(b"1", f"{room}/f", create_only=True)
        with pytest.raises(PreconditionFailedError):
            await client.put_bytes(b"2", f"{room}/f", create_only=True)
        await client.put_bytes(b"2", f"{room}/f", if_match=first.entry.etag)
        with pytest.raises(PreconditionFailedError):
            await client.put_bytes(b"3", f"{room}/f", if_match=first.entry.etag)
        assert await client.get_bytes(f"{room}/f") == b"2"

    async def test_a_taken_name_is_treated_as_told(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(b"old", f"{room}/f.txt", modified_us=WHEN)
        assert (await client.put_bytes(b"new", f"{room}/f.txt", conflict="skip")).outcome == "skipped"
        older = await client.put_bytes(b"new", f"{room}/f.txt", conflict="newer", modified_us=TimeUs(WHEN - 1))
        assert older.outcome == "skipped"
        assert await client.get_bytes(f"{room}/f.txt") == b"old"
        beside = await client.put_bytes(b"new", f"{room}/f.txt", conflict="rename")
        assert (beside.outcome, beside.entry.path == f"{room}/f.txt") == ("created", False)
        newer = await client.put_bytes(b"new", f"{room}/f.txt", conflict="newer", modified_us=TimeUs(WHEN + 1))
        assert newer.outcome == "replaced"
        assert await client.get_bytes(f"{room}/f.txt") == b"new"

    async def test_a_folder_is_not_content(self, client: AsyncClient, room: str) -> None:
        with pytest.raises(IsAFolderError):
            await client.get_bytes(room)
        with pytest.raises(IsAFolderError):
            await client.put_bytes(b"x", room)

    async def test_an_archive_holds_the_selection(self, client: AsyncClient, room: str) -> None:
        await client.put_bytes(b"1", f"{room}/a/b/one", parents=True)
        await client.put_bytes(b"2", f"{room}/two")
        async with client.zip([f"{room}/a", f"{room}/two"]) as stream:
            archive = zipfile.ZipFile(io.BytesIO(await stream.read()))
        files = [name for name in archive.namelist() if not name.endswith("/")]
        assert sorted(files) == ["a/b/one", "two"]
        assert archive.read("two") == b"2"

    # --- transfers ----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 4 * MIB, 4 * MIB + 1, 9 * MIB + 5])
    async def test_a_file_goes_there_and_back(self, client: AsyncClient, room: str, tmp_path: Path, size: int) -> None:
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(body(size))
        os.utime(source, ns=(WHEN * 1000, WHEN * 1000))
        seen: list[Progress] = []
        sent = await client.send_file(source, f"{room}/", on_progress=seen.append)
        assert (sent.entry.path, sent.entry.modified_us) == (f"{room}/source", WHEN)
        assert seen[-1] == Progress(str(source), size, size, 1, 1)
        received = await client.receive_file(f"{room}/source", target, on_progress=seen.append)
        assert (received.path, received.outcome) == (target, "created")
        assert target.read_bytes() == body(size)
        assert target.stat().st_mtime_ns == WHEN * 1000
        assert seen[-1] == Progress(f"{room}/source", size, size, 1, 1)
        assert set(_snapshot(tmp_path)) == {"source", "target"}

    async def test_an_existing_folder_receives_a_file_under_its_name(
        self, client: AsyncClient, room: str, tmp_path: Path
    ) -> None:
        (tmp_path / "f").write_bytes(b"x")
        assert (await client.send_file(tmp_path / "f", room)).entry.path == f"{room}/f"
        assert (await client.send_file(tmp_path / "f", f"{room}/g")).entry.path == f"{room}/g"
        (tmp_path / "into").mkdir()
        assert (await client.receive_file(f"{room}/g", tmp_path / "into")).path == tmp_path / "into" / "g"

    async def test_a_tree_goes_there_and_back(self, client: AsyncClient, room: str, tmp_path: Path) -> None:
        there, back = tmp_path / "there", tmp_path / "back"
        (there / "empty" / "inner").mkdir(parents=True)
        (there / "deep" / "er").mkdir(parents=True)
        for number, name in enumerate(NAMES):
            (there / "deep" / "er" / name).write_bytes(body(number * 1000))
        (there / "top").write_bytes(body(2 * MIB))
        (there / "link").symlink_to("/etc/passwd")
        results = await client.send_tree(there, f"{room}/tree")
        outcomes = sorted((r.local.name, r.outcome) for r in results if r.outcome != "created")
        assert outcomes == [("link", "skipped")]
        results = await client.receive_tree(f"{room}/tree", back)
        assert {r.outcome for r in results} == {"created"}
        (there / "link").unlink()
        assert _snapshot(there) == _snapshot(back)

    async def test_one_failure_does_not_stop_the_others(self, client: AsyncClient, room: str, tmp_path: Path) -> None:
        files = [tmp_path / name for name in ("a", "missing", "b")]
        files[0].write_bytes(b"a")
        files[2].write_bytes(b"b")
        with pytest.raises(NotFoundError, match="1 of 3"):
            await client.send_files_in_parallel(files, room)
        assert await client.get_bytes(f"{room}/b") == b"b"
        results = await client.send_files_in_parallel(files, room, check=False)
        assert [r.outcome for r in results] == ["replaced", "failed", "replaced"]
        assert isinstance(results[1].error, NotFoundError)
        wanted = [f"{room}/a", f"{room}/missing", f"{room}/b"]
        got = await client.receive_files_in_parallel(wanted, tmp_path / "got", check=False)
        assert [r.outcome for r in got] == ["created", "failed", "created"]
        assert (tmp_path / "got" / "a").read_bytes() == b"a"

    @pytest.mark.parametrize("coding", ["zstd", "gzip", "none", "auto"])
    async def test_content_arrives_as_it_was_however_it_travels(
        self, client: AsyncClient, room: str, tmp_path: Path, coding: str
    ) -> None:
        there = tmp_path / "there"
        there.mkdir()
        large = b"".join(b"line %d of many\n" % number for number in range(200_000)) + body(MIB)
        (there / "large").write_bytes(large)
        for number in range(20):
            (there / f"{number}").write_bytes(large[: number * 100])
        results = await client.send_tree(there, f"{room}/t", compress=coding, level=1, read_back=True)
        assert {(result.outcome, result.read_back) for result in results} == {("created", True)}
        assert await client.get_bytes(f"{room}/t/large") == large
        assert await client.get_bytes(f"{room}/t/19") == large[:1900]

    @pytest.mark.parametrize("size", [0, 100, 300 * KIB, 5 * MIB])
    async def test_what_was_sent_is_read_back(self, client: AsyncClient, room: str, tmp_path: Path, size: int) -> None:
        (tmp_path / "f").write_bytes(body(size))
        sent = await client.send_file(tmp_path / "f", f"{room}/f", read_back=True)
        assert (sent.outcome, sent.read_back) == ("created", True)
        assert not (await client.send_file(tmp_path / "f", f"{room}/f")).read_back

    @pytest.mark.parametrize("size", [100, 5 * MIB])
    async def test_resume_leaves_alone_what_is_the_same_and_completes_the_rest(
        self, client: AsyncClient, room: str, tmp_path: Path, size: int
    ) -> None:
        source, target = tmp_path / "f", tmp_path / "g"
        source.write_bytes(body(size))
        outcomes = [(await client.send_file(source, f"{room}/f", conflict="resume")).outcome for _ in range(2)]
        source.write_bytes(body(size)[:-1] + b"x")
        outcomes += [(await client.send_file(source, f"{room}/f", conflict="resume")).outcome for _ in range(2)]
        assert outcomes == ["created", "skipped", "replaced", "skipped"]
        target.write_bytes(source.read_bytes()[: size * 3 // 4])
        outcomes = [(await client.receive_file(f"{room}/f", target, conflict="resume")).outcome for _ in range(2)]
        assert outcomes == ["replaced", "skipped"]
        assert target.read_bytes() == source.read_bytes()

    # --- the synchronous face -----------------------------------------------------------------------------------

    def test_the_synchronous_client_does_the_same(self, server: Reachable, tmp_path: Path) -> None:
        room = f"/room-{secrets.token_hex(4)}"
        (tmp_path / "f").write_bytes(body(5 * MIB))
        with SecureFileTransferClient(server.url, cafile=server.cafile, token=server.token) as client:
            client.make_folder(room)
            client.send_file(tmp_path / "f", f"{room}/")
            assert [entry.name for entry in client.list(room)] == ["f"]
            assert b"".join(client.get_stream(f"{room}/f")) == body(5 * MIB)
            assert client.receive_file(f"{room}/f", tmp_path / "g").outcome == "created"
            with pytest.raises(NotFoundError):
                client.stat(f"{room}/missing")


def _snapshot(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}
