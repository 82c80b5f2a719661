from collections.abc import Iterator
from typing import Any

import pytest

from secure_file_transfer import errors
from secure_file_transfer.doors.http import downloads
from secure_file_transfer.paths import RemotePath


class Archive:
    """Stands in for the service: what it gives, and where it breaks."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = [b"PK"]
        self.fails_at: int | None = None
        self.asked: list[RemotePath] = []
        self.closed = False

    def zip_stream(self, files: Any, who: Any, paths: list[RemotePath]) -> Iterator[bytes]:
        self.asked = paths
        try:
            for number, piece in enumerate(self.pieces):
                if number == self.fails_at:
                    raise errors.BlockDamagedError
                yield piece
        finally:
            self.closed = True


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    fake = Archive()
    monkeypatch.setattr(downloads, "zip_stream", fake.zip_stream)
    return fake


async def test_a_folder_is_streamed_under_its_name(call: Any, archive: Archive) -> None:
    archive.pieces = [b"PK", b"x" * 600_000, b"y" * 600_000, b"end"]
    answer = await call("GET", "/api/v1/zip?path=/p/my%20photos")
    assert (answer.status, answer.whole) == (200, True)
    assert answer.body == b"".join(archive.pieces)
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="my photos.zip"' in answer.headers["content-disposition"]
    assert "content-length" not in answer.headers
    assert archive.asked == [RemotePath(("p", "my photos"))]
    assert archive.closed


@pytest.mark.parametrize("query", ["path=/a&path=/b", "path=/"])
async def test_a_selection_and_the_root_have_a_plain_name(call: Any, archive: Archive, query: str) -> None:
    answer = await call("GET", f"/api/v1/zip?{query}")
    assert 'filename="files.zip"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("query", ["", "?", "?paths=/a", "?path=/a&x=1", "?path=%ff"])
async def test_a_query_without_paths_is_refused(call: Any, archive: Archive, query: str) -> None:
    assert (await call("GET", f"/api/v1/zip{query}")).code == "invalid_request"


async def test_attacks_1_to_6_in_the_query(call: Any, archive: Archive) -> None:
    for path in ("..%2fx", "a%5cb", "%252e%252e", "a%00"):
        assert (await call("GET", f"/api/v1/zip?path={path}")).code == "invalid_name"
    assert not archive.asked


async def test_damage_at_the_beginning_is_a_clean_500(call: Any, archive: Archive) -> None:
    archive.fails_at = 0
    answer = await call("GET", "/api/v1/zip?path=/a")
    assert (answer.status, answer.code) == (500, "block_damaged")
    assert archive.closed


async def test_damage_later_never_ends_cleanly(call: Any, archive: Archive) -> None:
    archive.pieces = [b"x" * 600_000, b"y" * 600_000]
    archive.fails_at = 1
    answer = await call("GET", "/api/v1/zip?path=/a")
    assert (answer.status, answer.whole) == (200, False)


async def test_a_reader_who_leaves_closes_the_archive(call: Any, archive: Archive) -> None:
    archive.pieces = [b"x" * 600_000] * 50
    answer = await call("GET", "/api/v1/zip?path=/a", vanish=True)
    assert not answer.whole
    call.app.close()
    assert archive.closed
