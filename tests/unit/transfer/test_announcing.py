"""What a server says of itself on the local network, and what is believed of what others say."""

import pytest

from secure_file_transfer.transfer.announcing import (
    NAME_BYTES_MAX,
    Announced,
    instance_name,
    printable,
    read_record,
    record,
)

PRINT = ":".join(["AB", "0F"] * 16)


@pytest.mark.parametrize("kind", ["server", "share"])
@pytest.mark.parametrize("fingerprint", [PRINT, ""])
def test_what_is_written_is_read(kind: str, fingerprint: str) -> None:
    members = {name.encode(): value.encode() for name, value in record(fingerprint, kind).items()}
    assert all(len(name) + 1 + len(value) < 256 for name, value in members.items())
    assert read_record(members) == Announced(kind, 1, fingerprint)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {b"fp": None, b"api": None, b"kind": None},
        {b"fp": b"AB" * 32},
        {b"fp": b"ab" * 31},
        {b"fp": b"ab" * 33},
        {b"fp": b"zz" * 32},
        {b"fp": b"\x1b[31m" * 10},
        {b"fp": b"\xd9\xa1" * 32},
        {b"api": b"-1", b"kind": b"SERVER"},
        {b"api": b"9999"},
        {b"api": b"\xd9\xa1"},
        {b"kind": b"\x1b]0;x\x07"},
    ],
)
def test_hostile_records_say_nothing(members: dict[bytes, bytes | None]) -> None:
    assert read_record(members) == Announced("server", 0, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nas", "nas"),
        ("nas.local", "nas-local"),
        ("", "server"),
        ("سرور خانه", "سرور خانه"),
        ("a\x00b\nc\x1b[2J", "a?b?c?[2J"),
        ("\u202egnp", "?gnp"),
        ("x" * 100, "x" * NAME_BYTES_MAX),
        ("日" * 40, "日" * (NAME_BYTES_MAX // 3)),
    ],
)
def test_a_name_fits_a_label(text: str, expected: str) -> None:
    assert instance_name(text) == expected
    assert len(instance_name(text).encode()) <= NAME_BYTES_MAX


def test_a_foreign_name_is_one_short_line() -> None:
    assert printable("\x1b]0;evil\x07" + "x" * 1000) == "?]0;evil?" + "x" * (NAME_BYTES_MAX - 9)
