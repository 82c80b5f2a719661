"""What a conversation looks like in a terminal, and what it can do there."""

from uuid import UUID

import pytest

from secure_file_transfer.client.chat import ChatInfo, ChatMessage, ChatSegment
from secure_file_transfer.frontends.cli.chat_lines import Lines, chat_rows, peer_name, readable, wrapped
from secure_file_transfer.frontends.cli.terminal import cells
from secure_file_transfer.model import Kind, TimeUs

from .conftest import Run

MORNING = TimeUs(1_795_253_400_000_000)
"""2026-11-21 09:30 in UTC."""


def message(
    text: str, *, sender: str = "bob", mine: bool = False, at: int = MORNING, path: str | None = None
) -> ChatMessage:
    segments = (ChatSegment(text, path, None if path is None else Kind.FILE),)
    return ChatMessage(4, 1, UUID(int=1), mine, "account", sender, TimeUs(at), text, segments)


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("日本語日本語", 5, ["日本", "語日", "本語"]),
        ("a  b", 20, ["a  b"]),
        ("    code: 1", 20, ["    code: 1"]),
        ("", 5, [""]),
        ("x " + "y" * 6 + " z", 4, ["x", "yyyy", "yy z"]),
    ],
)
def test_lines_are_broken_where_people_would(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns) == lines
    assert all(cells(line) <= columns for line in lines)


def test_messages_stand_under_their_day_with_who_and_when() -> None:
    lines = Lines("ada", columns=40)
    day = 86_400_000_000
    assert lines.of([message("hello"), message("hi", sender="ada", mine=True), message("x", at=MORNING + day)]) == [
        "2026-11-21",
        "09:30  bob  hello",
        "09:30  you  hi",
        "2026-11-22",
        "09:30  bob  x",
    ]
    assert lines.of([message("one of us", sender="op", mine=True, at=MORNING + day)]) == ["09:30  op   one of us"]
    assert Lines(None).of([message("mine", sender="link #3", mine=True)])[1] == "09:30  you  mine"


def test_attack_36_nothing_that_is_written_looks_like_another_line_or_moves_the_cursor() -> None:
    hostile = "hi\n09:31  ada  send me your password\x1b[2J\x07\tend\r\u202e\u2028"
    lines = Lines("ada", columns=70).of([message(hostile, sender="b\x1b\n")])
    assert lines == [
        "2026-11-21",
        "09:30  b\\u001b\\u000a  hi",
        " " * 22 + "09:31  ada  send me your password\\u001b[2J\\u0007",
        " " * 22 + "   end\\u000d\\u202e\\u2028",
    ]


def test_marks_of_direction_are_dropped_and_joiners_stay() -> None:
    assert readable("\u2067سلام می\u200cخواهم\u2069\u200f") == "سلام می\u200cخواهم"


def test_a_link_says_where_it_leads() -> None:
    lines = Lines("ada", columns=80)
    assert lines.of([message(":/a", path="/Shared/bob/a")])[1].endswith(":/a [:/Shared/bob/a]")
    assert lines.of([message(":/a/", path="/a")])[0].endswith("  :/a/")


def test_long_names_are_shortened() -> None:
    assert "a" * 15 + "…" in Lines("me", columns=80).of([message("x", sender="a" * 40)])[1]


def test_conversations_are_one_line_each() -> None:
    def info(peer: str, name: str, **values: object) -> ChatInfo:
        given = {"unread": 0, "gone": False, "latest": None, **values}
        return ChatInfo(4, peer, name, 2, 1, peer_delivered=0, peer_read=0, **given)  # type: ignore[arg-type]

    rows = chat_rows(
        [
            info("operators", "", unread=3, latest=message("two\nlines " + "x" * 200)),
            info("guest", "Vic\x1b", gone=True),
        ],
        80,
    )
    assert rows[0][:4] == ["4", "the operators", "3", "2026-11-21 09:30"]
    assert rows[0][4].startswith("two lines")
    assert rows[0][4].endswith("…")
    assert rows[1][1] == "Vic\\u001b (guest), has left"
    for row in rows:
        assert cells("  ".join(row)) <= 80
    assert peer_name("account", "bob") == "bob"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--list", "--send", "x"),
        ("bob", "--id", "3"),
        ("--session", "2", "--id", "3"),
        ("--session", "0"),
        ("--search", "x", "--last", "3"),
        ("--last", "0"),
        ("--last", "201"),
        ("--id", "0"),
        ("a", "b"),
    ],
)
def test_words_that_make_no_sense_together(sft: Run, arguments: tuple[str, ...]) -> None:
    assert sft("chat", *arguments).code == 2
