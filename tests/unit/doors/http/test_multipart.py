"""Forms with files, cut anywhere; and what is not one (attack 46)."""

import random
from collections.abc import Iterable

import pytest

from secure_file_transfer.doors.http.multipart import (
    HEAD_MAX,
    PARTS_MAX,
    Begin,
    Data,
    End,
    FormParser,
    boundary_of,
)
from secure_file_transfer.errors import InvalidRequestError, LengthMismatchError

Part = tuple[str, str | None, bytes]

PARTS: list[tuple[bytes, Part]] = [
    (b'Content-Disposition: form-data; name="files"; filename="a.txt"', ("files", "a.txt", b"hello")),
    (b'content-disposition:form-data; name="files"; filename=""', ("files", "", b"")),
    (b'X: y\r\nContent-Disposition: form-data; name="n"\r\nContent-Type: text/plain', ("n", None, b"\r\n\r\n--\r\n")),
    (b'Content-Disposition: form-data; filename="q%22\\"\\\\.txt"; name="f"', ("f", 'q""\\.txt', b"\r\n--edg\r\n--ed")),
    ('Content-Disposition: form-data; name="f"; filename="سفر.pdf"'.encode(), ("f", "سفر.pdf", bytes(range(256)) * 9)),
]


def form(parts: Iterable[tuple[bytes, Part]], boundary: bytes = b"edge") -> bytes:
    pieces = [b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + part[2] + b"\r\n" for head, part in parts]
    return b"".join(pieces) + b"--" + boundary + b"--\r\n"


def parsed(pieces: Iterable[bytes], boundary: bytes = b"edge") -> list[Part]:
    parser, found, data = FormParser(boundary), list[Part](), bytearray()
    open_ = False
    for piece in pieces:
        for event in parser.feed(piece):
            if isinstance(event, Begin):
                assert not open_
                open_, name, filename = True, event.name, event.filename
                data.clear()
            elif isinstance(event, Data):
                assert open_
                assert event.data
                data += event.data
            else:
                assert isinstance(event, End)
                found.append((name, filename, bytes(data)))
                open_ = False
    parser.close()
    assert not open_
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 10**6])
def test_a_form_is_read_the_same_however_it_is_cut(size: int) -> None:
    whole = b"a preamble that nobody reads" + b"\r\n" + form(PARTS) + b"and an epilogue"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert parsed(pieces) == [part for _, part in PARTS]


def test_content_that_looks_like_an_edge_is_content() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - a test's dice
    print("seed", seed)
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    for _ in range(300):
        content = b"".join(
            rng.choice([b"\r", b"\n", b"-", b"--", b"\r\n--", b"\r\n--edg", b"edge", b"x"]) for _ in range(12)
        )
        if b"\r\n--edge" in b"\r\n" + content:
            continue
        whole = form([(PARTS[0][0], ("files", "a.txt", content))])
        cuts = sorted(rng.sample(range(len(whole)), 5))
        pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert parsed(pieces) == [("files", "a.txt", content)]


@pytest.mark.parametrize("cut", range(len(form(PARTS[:1])) - 4))
def test_a_form_that_is_cut_off_is_not_whole(cut: int) -> None:
    with pytest.raises(LengthMismatchError):
        parsed([form(PARTS[:1])[:cut]])


@pytest.mark.parametrize(
    "body",
    [
        b"--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge--",
        b"--edge\r\nContent-Disposition: form-data\r\n\r\nx\r\n--edge--",
        b'--edge\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--edge--',
        b"--edge\r\n\r\n\r\nx\r\n--edge--",
        b"--edgex\r\n",
        b"--edge\r\n" + b"a" * (HEAD_MAX + 1),
        b"--edge\r\nX: " + b"a" * HEAD_MAX + b'\r\nContent-Disposition: form-data; name="n"\r\n\r\nx',
        form([PARTS[1]] * (PARTS_MAX + 1)),
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parsed([body])


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (b"multipart/form-data; boundary=edge", b"edge"),
        (b'Multipart/Form-Data; charset=utf-8; boundary="an edge"; x=y', b"an edge"),
        (b"multipart/form-data; boundary=----WebKitFormBoundaryA1", b"----WebKitFormBoundaryA1"),
    ],
)
def test_boundaries(content_type: bytes, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        b"",
        b"text/plain",
        b"multipart/form-data",
        b"multipart/mixed; boundary=x",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=" + b"a" * 71,
        b'multipart/form-data; boundary="a "',
        b"multipart/form-data; boundary=\xff",
    ],
)
def test_no_boundary(content_type: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        boundary_of(content_type)
