"""`Transfer-Name`: advice of a client, which may be a hostile one."""

import pytest

from secure_file_transfer.client.naming import Named, together
from secure_file_transfer.doors.http.named import FIELD_MAX, named
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.traffic import About

KNOWN = About("/known", 7)


@pytest.mark.parametrize(
    ("field", "about"),
    [
        (b'ab; size=10; done=3; path="/a%20b/c"', About("/a b/c", 10, 3, "ab", patient=True)),
        (b'ab;size=10;done=3;path="/"', About("/", 10, 3, "ab", patient=True)),
        (b'ab; size=10; done=30; path="/a"', About("/a", 10, 10, "ab", patient=True)),
    ],
)
def test_what_can_be_read_is_taken(field: bytes, about: About) -> None:
    assert named(field, None) == about


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"ab",
        b'AB; size=10; done=3; path="/a"',
        b'ab; size=-1; done=3; path="/a"',
        b'ab; size=9999999999999999; done=3; path="/a"',
        b'ab; size=10; done=3; path="a"',
        b'ab; size=10; done=3; path="/../etc"',
        b'ab; size=10; done=3; path="/a%00"',
        b'ab; size=10; done=3; path="/a%0d%0aX: y"',
        b'ab; size=10; done=3; path="/%1b[2J"',
        b'ab; size=10; done=3; path="/%ff"',
        b'ab; size=10; done=3; path="/\xe2\x80\xae"',
        b'ab; size=10; done=3; path="/a"; more="x"',
        b'ab; size=10; done=3; path="/' + b"a/" * FIELD_MAX + b'"',
        b"a" * 33 + b'; size=10; done=3; path="/a"',
    ],
)
def test_what_cannot_be_understood_is_ignored(field: bytes) -> None:
    assert named(field, KNOWN) is KNOWN
    assert named(field, None) is None


def test_what_the_server_knows_itself_counts_more() -> None:
    assert named(b'ab; size=10; done=3; path="/lie"', KNOWN) == About("/known", 7, 3, "ab", patient=True)


@pytest.mark.parametrize("path", ["/", "/plain", '/q"uote', "/line; done=9", "/日本 %41 語", "/a/b/" + "c" * 200])
def test_our_own_client_is_understood(path: str) -> None:
    sender = Named(RemotePath.parse(path), 100)
    sender.done = 42
    field = sender.headers["Transfer-Name"].encode("ascii")
    about = named(field, None)
    assert about is not None
    assert (about.path, about.size, about.at, about.patient) == (path, 100, 42, True)


def test_a_path_that_is_too_long_for_a_field_has_no_name() -> None:
    assert Named(RemotePath.parse("/" + "/".join(["語" * 80] * 15)), 1).headers == {}


@pytest.mark.parametrize(
    ("paths", "folder"),
    [(["/a/b"], "/a"), (["/a/b", "/a/c/d"], "/a"), (["/a/b", "/c/d"], "/"), (["/x"], "/")],
)
def test_a_batch_is_called_by_the_folder_of_all(paths: list[str], folder: str) -> None:
    assert str(together([RemotePath.parse(path) for path in paths])) == folder
