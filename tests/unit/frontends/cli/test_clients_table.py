"""The table of who is connected: it fits, and what peers call themselves does nothing but be read."""

import re

import pytest

from secure_file_transfer.client import ConnectedClient
from secure_file_transfer.frontends.cli.clients_table import lines_of, rows_of, shown
from secure_file_transfer.frontends.cli.terminal import cells
from secure_file_transfer.model import TimeUs

NOW = 1_790_000_000.0


def client(number: int, **values: object) -> ConnectedClient:
    told = {
        "id": f"{number}",
        "name": "sara",
        "kind": "account",
        "door": "http",
        "address": "2001:db8:85a3::8a2e:370:7334",
        "agent": "curl",
        "since_us": TimeUs(int(NOW - 7_500) * 1_000_000),
        "state": "uploading",
        "path": "/photos/2026/summer/a very long name of a picture.jpg",
        "done": 50,
        "size": 100,
        "percent": 50,
        "files": 3,
        "rate": 5 << 20,
        "eta": 75,
        "received": 50,
        "sent": 0,
        **values,
    }
    return ConnectedClient(**told)  # type: ignore[arg-type]


IDLE = {"state": "idle", "path": "", "files": 0, "percent": None, "size": None, "rate": 0, "eta": None}
PEOPLE = [client(1), client(2, name="a" * 64, **IDLE), client(3, kind="token", size=None, percent=None, eta=None)]


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    lines = lines_of(PEOPLE, NOW, columns)
    assert len(lines) == 4
    assert max(map(cells, lines)) <= columns
    for word in ("WHO", "STATE", "FILE", "DONE"):
        assert word in lines[0]
    assert "sara" in lines[1]
    assert "ture.jpg (+2)" in lines[1]


def test_a_narrow_terminal_leaves_out_what_is_needed_least() -> None:
    assert "SINCE" in lines_of(PEOPLE, NOW, 200)[0]
    narrow = lines_of(PEOPLE, NOW, 80)[0]
    assert "SINCE" not in narrow
    assert "ADDRESS" not in narrow


def test_pipes_get_everything() -> None:
    head, rows = rows_of(PEOPLE, NOW)
    assert len(head) == len(rows[0]) == 10
    assert rows[0][5] == "/photos/2026/summer/a very long name of a picture.jpg (+2)"
    assert rows[0][-1] == "2 h 05 min"
    assert rows[2][1] == "sara (token)"
    assert rows[2][6] == "50 B"


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\u202egnp.exe", "\x07", "\x9b31m"])
def test_hostile_texts_move_no_cursor(text: str) -> None:
    hostile = client(1, name=text, path=f"/{text}", agent=text, address=text, state=text, door=text, id=text)
    for line in [*lines_of([hostile], NOW, 500), *shown([hostile], NOW, 200, 40).plain.split("\n")]:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", line)


def test_the_picture_fits_a_low_terminal_and_says_what_is_not_seen() -> None:
    picture = shown([client(number) for number in range(50)], NOW, 80, 20).plain
    assert len(picture.split("\n")) <= 20
    assert "50 clients, 50 moving, 250 MiB/s" in picture
    assert "… and 36 more" in picture
