"""Attack 59: a hostile server. The client refuses, escapes and bounds; nothing is written outside."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.client import AsyncClient, api, transport
from secure_file_transfer.client.wire import digest_field
from secure_file_transfer.errors import (
    DigestMismatchError,
    InterruptedTransferError,
    InvalidRequestError,
    NotFoundError,
    ProtocolViolationError,
    SecureFileTransferError,
    TooLargeError,
)
from secure_file_transfer.testing.certificates import ServerFiles, TestAuthority
from secure_file_transfer.testing.scripted_server import Asked, Script, ScriptedServer, answer, entry

TOKEN = "a-token-that-nobody-else-may-see"
FOLDER = {"kind": "folder", "size": 0, "etag": ""}
Serve = Callable[[Script], Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ServerFiles:
    return TestAuthority().issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serve(files: ServerFiles) -> Serve:
    @contextmanager
    def run(script: Script) -> Iterator[tuple[AsyncClient, ScriptedServer]]:
        with ScriptedServer(script, files.context()) as server:
            yield AsyncClient("127.0.0.1", server.port, cafile=files.cafile, token=TOKEN), server

    return run


def listing(*entries: dict[str, Any], cursor: str | None = None) -> bytes:
    return answer(200, {"entries": list(entries), "cursor": cursor})


def written(folder: Path) -> list[Path]:
    """Every file below, whatever its name."""
    return [path for path in folder.rglob("*") if path.is_file()]


def tree_of(*entries: dict[str, Any]) -> Script:
    """A server whose folder `/d` holds these entries, and whose files all hold `hello`."""

    def script(asked: Asked) -> bytes:
        if "/entries/" in asked.target:
            return answer(200, entry("/d", **FOLDER))
        return listing(*entries) if "/folders/" in asked.target else answer(200, body=b"hello")

    return script


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/d/../../evil", "evil"),
        ("/d/../evil", "../evil"),
        ("/d/evil", "../../evil"),
        ("/etc/evil", "evil"),
        ("/d/sub/evil", "evil"),
        ("/d", "d"),
        ("/", ""),
        ("/d/", ""),
        ("/d/..", ".."),
        ("/d/a\\..\\evil", "a\\..\\evil"),
        ("/d/C:\\evil", "C:\\evil"),
        ("/d/evil\0.txt", "evil\0.txt"),
        ("/d/\x1b[2J", "\x1b[2J"),
        ("/d/\u202egnp.exe", "\u202egnp.exe"),
        ("/d/" + "x" * 256, "x" * 256),
        ("/d/\ud800", "\ud800"),
        ("d/evil", "evil"),
        ("//d/evil", "evil"),
    ],
)
async def test_a_name_that_leads_elsewhere_is_never_written(serve: Serve, tmp_path: Path, path: str, name: str) -> None:
    target = tmp_path / "deep" / "target"
    with serve(tree_of(entry(path, name=name))) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError) as caught:
                await client.receive_tree("/d", target)
    assert "\x1b" not in str(caught.value)
    assert written(tmp_path) == []


async def test_the_same_name_of_an_honest_server_is_written(serve: Serve, tmp_path: Path) -> None:
    with serve(tree_of(entry("/d/good"))) as (client, _):
        async with client:
            await client.receive_tree("/d", tmp_path / "t")
    assert (tmp_path / "t" / "good").read_bytes() == b"hello"


async def test_a_listing_that_repeats_its_cursor_ends(serve: Serve) -> None:
    with serve(lambda asked: listing(entry("/d/a"), cursor="again")) as (client, server):
        async with client:
            with pytest.raises(ProtocolViolationError, match="never ends"):
                _ = [found async for found in client.list("/d")]
    assert len(server.asked) == 2


async def test_a_listing_that_invents_entries_forever_ends(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_ENTRIES_MAX", 20)
    count = itertools.count()
    with serve(lambda asked: listing(entry(f"/d/a{(n := next(count))}"), cursor=str(n))) as (client, server):
        async with client:
            with pytest.raises(ProtocolViolationError, match="never ends"):
                _ = [found async for found in client.list("/d")]
    assert len(server.asked) == 21


async def test_a_tree_without_bottom_ends(serve: Serve, tmp_path: Path) -> None:
    def script(asked: Asked) -> bytes:
        path = asked.target.split("?")[0].split("/", 4)[4]
        if "/entries/" in asked.target:
            return answer(200, entry("/d", **FOLDER))
        return listing(entry(f"/{path}/d", **FOLDER))

    with serve(script) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                await client.receive_tree("/d", tmp_path / "t")


async def test_a_page_of_nothing_that_promises_more_is_refused(serve: Serve) -> None:
    with serve(lambda asked: listing(cursor="more")) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                _ = [found async for found in client.list("/d")]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_and_the_token_goes_nowhere(serve: Serve, status: int) -> None:
    with serve(lambda asked: answer(200, {})) as (other, elsewhere):
        moved = answer(status, headers={"Location": f"{other.url}/api/v1/server"})
        with serve(lambda asked: moved) as (client, _):
            async with client:
                with pytest.raises(ProtocolViolationError, match="another address"):
                    await client.stat("/x")
                with pytest.raises(ProtocolViolationError, match="another address"):
                    await client.put_bytes(b"secret", "/x")
    assert elsewhere.asked == []


async def test_a_message_cannot_paint_on_the_terminal(serve: Serve) -> None:
    problem = {"code": "not_found", "detail": "gone\x1b[2J\u202e" + "x" * 5000, "hint": "\x07ring"}
    said = answer(404, problem, headers={"Content-Type": "application/problem+json"})
    with serve(lambda asked: said) as (client, _):
        async with client:
            with pytest.raises(NotFoundError) as caught:
                await client.stat("/x")
    for text in (str(caught.value), caught.value.hint):
        assert text.isprintable()
        assert len(text) < 2000


@pytest.mark.parametrize(
    "said",
    [
        answer(404, body=b"<h1>Not Found</h1>", headers={"Content-Type": "text/html"}),
        answer(404, {"detail": "no code"}, headers={"Content-Type": "application/problem+json"}),
        answer(404, [1], headers={"Content-Type": "application/problem+json"}),
        answer(500, body=b"{", headers={"Content-Type": "application/problem+json"}),
        answer(200, body=b"{}", headers={"Content-Type": "text/html"}),
        answer(200, body=b"[" * 100_000),
        answer(200, {"path": "/x"}),
        answer(200, entry("/x", size=-1)),
        answer(200, entry("/x", size=True)),
        answer(200, entry("/x", size=1 << 70)),
        answer(200, entry("/x", kind="link")),
        answer(200, entry("/x", sha256="zz")),
        answer(200, entry("/x", etag="a\r\nb")),
        answer(200, entry("/x", modified="yesterday")),
        answer(200, entry("/x", modified="2026-01-01T00:00:00")),
        answer(200, entry("/x"), headers={"Content-Encoding": "gzip"}),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    ],
)
async def test_an_answer_outside_the_protocol_is_named_as_such(serve: Serve, said: bytes) -> None:
    with serve(lambda asked: said) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                await client.stat("/x")


async def test_an_endless_answer_is_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "JSON_MAX", 100_000)
    with serve(lambda asked: answer(200, body=b" " * 1_000_000)) as (client, _):
        async with client:
            with pytest.raises(TooLargeError):
                await client.stat("/x")


async def test_an_unknown_code_is_an_error_all_the_same(serve: Serve) -> None:
    said = answer(418, {"code": "teapot", "detail": "no"}, headers={"Content-Type": "application/problem+json"})
    with serve(lambda asked: said) as (client, _):
        async with client:
            with pytest.raises(SecureFileTransferError, match="no"):
                await client.stat("/x")


def sending(head: dict[str, str], body: bytes, status: int = 200) -> Script:
    """A server that describes `/x` and then sends it in this way."""

    def script(asked: Asked) -> bytes:
        return answer(200, entry("/x")) if "/entries/" in asked.target else answer(status, body=body, headers=head)

    return script


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (sending({"Repr-Digest": digest_field(hashlib.sha256(b"other").digest())}, b"hello"), DigestMismatchError),
        (sending({"Repr-Digest": "sha-256=:AAAA:"}, b"hello"), ProtocolViolationError),
        (sending({"Content-Length": "9"}, b"hello"), InterruptedTransferError),
        (sending({"Content-Encoding": "gzip"}, b"hello"), ProtocolViolationError),
        (sending({"Content-Length": "5", "Content-Range": "bytes 0-4/5"}, b"hello", 206), ProtocolViolationError),
    ],
)
async def test_a_download_that_is_not_what_was_announced_leaves_nothing(
    serve: Serve, tmp_path: Path, script: Script, error: type[Exception]
) -> None:
    def once(asked: Asked) -> bytes | None:
        # Say it and hang up, so that a short body is a cut connection.
        said = script(asked)
        if "/entries/" in asked.target:
            return said
        assert said is not None
        asked.connection.sendall(said)
        return None

    with serve(once) as (client, _):
        async with client:
            with pytest.raises(error):
                await client.receive_file("/x", tmp_path / "x")
    assert written(tmp_path) == []


async def test_a_file_without_a_length_could_fill_the_disk_and_is_refused(serve: Serve, tmp_path: Path) -> None:
    def script(asked: Asked) -> bytes | None:
        if "/entries/" in asked.target:
            return answer(200, entry("/x"))
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    with serve(script) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError, match="how long"):
                await client.receive_file("/x", tmp_path / "x")
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"Content-Range": "bytes 0-1/5"},
        {"Content-Range": "bytes 1-2/*"},
        {"Content-Range": "bytes 1-3/5"},
        {"Content-Range": "lines 1-2/5"},
    ],
)
async def test_another_range_than_asked_for_is_refused(serve: Serve, head: dict[str, str]) -> None:
    with serve(lambda asked: answer(206, body=b"el", headers=head)) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                await client.get_bytes("/x", offset=1, length=2)


async def test_a_whole_file_for_a_range_is_refused(serve: Serve) -> None:
    with serve(lambda asked: answer(200, body=b"hello")) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                await client.get_bytes("/x", offset=1)


async def test_what_the_server_stored_is_compared_with_what_was_sent(serve: Serve) -> None:
    def script(asked: Asked) -> bytes:
        asked.read(asked.length)
        stored = entry("/x", sha256=hashlib.sha256(b"tampered").hexdigest())
        return answer(201, {"entry": stored, "outcome": "created"})

    with serve(script) as (client, _):
        async with client:
            with pytest.raises(DigestMismatchError):
                await client.put_bytes(b"hello", "/x")


async def test_a_server_that_does_not_say_what_it_stored_is_not_believed(serve: Serve) -> None:
    def script(asked: Asked) -> bytes:
        asked.read(asked.length)
        return answer(201, {"entry": entry("/x"), "outcome": "created"})

    with serve(script) as (client, _):
        async with client:
            with pytest.raises(ProtocolViolationError):
                await client.put_bytes(b"hello", "/x")


async def test_a_token_that_would_break_a_header_is_refused_unseen(serve: Serve) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        AsyncClient("127.0.0.1", 5000, token="secret\r\nX: y")
    assert "secret" not in str(caught.value)


async def test_the_token_travels_only_in_its_header_and_is_never_shown(serve: Serve) -> None:
    seen: list[dict[str, str]] = []

    def script(asked: Asked) -> bytes:
        seen.append(dict(asked.headers))
        return answer(200, entry("/x"))

    with serve(script) as (client, server):
        async with client:
            await client.stat("/x")
            assert TOKEN not in repr(client) + repr(vars(client)) + str(client._options)
    assert seen[0].pop("authorization") == f"Bearer {TOKEN}"
    assert TOKEN not in repr(seen) + repr(server.asked)
