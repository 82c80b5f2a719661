import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.services.keeping import Keeping
from secure_file_transfer.testing.rights_http import HttpWorld, RefusedError


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HttpWorld]:
    world = HttpWorld(tmp_path, Keeping(trash_days=30, versions=3, version_days=10))
    yield world
    world.close()


def ask(world: HttpWorld, method: str, target: str, value: Any = None, who: str = "ada", **options: Any) -> Any:
    return world.ask(who, method, target.removeprefix("/"), value, **options)


def code(world: HttpWorld, method: str, target: str, value: Any = None, who: str = "ada") -> str:
    with pytest.raises(RefusedError) as refused:
        ask(world, method, target, value, who)
    return refused.value.code


def put(world: HttpWorld, path: str, data: bytes, who: str = "ada") -> None:
    ask(world, "PUT", f"/files/{path}", who=who, body=data)


def test_deleting_answers_what_undoing_needs(world: HttpWorld) -> None:
    put(world, "a", b"hello")
    gone = ask(world, "DELETE", "/entries/a")
    assert (gone.status, sorted(gone.json)) == (200, ["expires", "trash"])
    (entry,) = ask(world, "GET", "/trash").json["entries"]
    assert entry == {
        "id": gone.json["trash"],
        "name": "a",
        "kind": "file",
        "folder": "/",
        "deleted": entry["deleted"],
        "by": "ada",
        "expires": gone.json["expires"],
        "size": 5,
        "files": 1,
    }
    back = ask(world, "POST", f"/trash/{entry['id']}/restore", {})
    assert (back.json["path"], back.json["size"]) == ("/a", 5)
    assert ask(world, "GET", "/files/a").body == b"hello"
    assert ask(world, "GET", "/trash").json == {"entries": [], "cursor": None}


def test_for_good_there_is_nothing_to_undo(world: HttpWorld) -> None:
    put(world, "a", b"1")
    gone = ask(world, "DELETE", "/entries/a?permanent=true")
    assert (gone.status, gone.body) == (204, b"")
    for name in "abc":
        put(world, name, b"1")
        ask(world, "DELETE", f"/entries/{name}")
    first = ask(world, "GET", "/trash?limit=2").json
    assert [each["name"] for each in first["entries"]] == ["c", "b"]
    rest = ask(world, "GET", f"/trash?limit=2&cursor={first['cursor']}").json
    assert [each["name"] for each in rest["entries"]] == ["a"]
    assert ask(world, "DELETE", f"/trash/{first['entries'][0]['id']}").status == 204
    assert ask(world, "DELETE", "/trash").json == {"removed": 2}


def test_a_name_that_is_taken_is_dealt_with_as_everywhere(world: HttpWorld) -> None:
    put(world, "a", b"old")
    number = ask(world, "DELETE", "/entries/a").json["trash"]
    put(world, "a", b"new")
    assert code(world, "POST", f"/trash/{number}/restore", {}) == "exists"
    assert ask(world, "POST", f"/trash/{number}/restore", {"conflict": "rename"}).json["path"] == "/a (1)"


def test_what_is_not_yours_is_not_there(world: HttpWorld) -> None:
    put(world, "a", b"secret")
    number = ask(world, "DELETE", "/entries/a").json["trash"]
    for method, target, value in (
        ("POST", "/trash/{}/restore", {}),
        ("DELETE", "/trash/{}", None),
    ):
        said = []
        for each in (number, 999):
            with pytest.raises(RefusedError) as refused:
                ask(world, method, target.format(each), value, "bob")
            said.append((refused.value.answer.status, json.loads(refused.value.answer.body)["detail"]))
        assert said[0] == said[1]
        assert said[0][0] == 404
    assert ask(world, "DELETE", "/trash", who="bob").json == {"removed": 0}
    assert len(ask(world, "GET", "/trash").json["entries"]) == 1


def test_an_editor_undoes_but_does_not_delete_for_good(world: HttpWorld) -> None:
    ask(world, "PUT", "/folders/d")
    put(world, "d/a", b"of ada")
    ask(world, "PUT", "/grants", {"path": "/d", "to": "bob", "rights": "editor"})
    assert code(world, "DELETE", "/entries/Shared/ada/d/a?permanent=true", who="bob") == "forbidden"
    gone = ask(world, "DELETE", "/entries/Shared/ada/d/a", who="bob").json
    assert ask(world, "GET", "/trash").json["entries"][0]["by"] == "bob"
    back = ask(world, "POST", f"/trash/{gone['trash']}/restore", {}, "bob").json
    assert back["path"] == "/Shared/ada/d/a"


# --- versions ---------------------------------------------------------------------------------------------------------


def test_versions_are_listed_read_and_restored(world: HttpWorld) -> None:
    for data in (b"first", b"second!", b"third"):
        put(world, "a", data)
        world.clock.advance(60)
    listed = ask(world, "GET", "/versions/a").json["versions"]
    assert [(each["size"], each["current"], each["by"]) for each in listed] == [
        (5, True, "ada"),
        (7, False, "ada"),
        (5, False, "ada"),
    ]
    assert (listed[0]["replaced"], listed[0]["expires"]) == (None, None)
    second = listed[1]["number"]
    old = ask(world, "GET", f"/files/a?version={second}")
    assert (old.body, old.headers["content-length"]) == (b"second!", "7")
    part = ask(world, "GET", f"/files/a?version={second}", headers={"range": "bytes=1-3"})
    assert (part.status, part.body) == (206, b"eco")
    back = ask(world, "POST", "/versions/a", {"restore": second}).json
    assert back["sha256"] == listed[1]["sha256"]
    assert ask(world, "GET", "/files/a").body == b"second!"
    now = ask(world, "GET", "/versions/a").json["versions"]
    assert [each["size"] for each in now] == [7, 5, 7, 5]
    assert ask(world, "DELETE", f"/versions/a?version={second}").status == 204
    assert code(world, "GET", f"/files/a?version={second}") == "not_found"
    assert code(world, "DELETE", f"/versions/a?version={now[0]['number']}") == "conflict"


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "1&version=2", ""])
def test_a_version_is_a_number(world: HttpWorld, number: str) -> None:
    put(world, "a", b"1")
    assert code(world, "GET", f"/files/a?version={number}") == "invalid_request"


def test_no_file_lends_its_versions_to_another(world: HttpWorld) -> None:
    put(world, "a", b"one")
    put(world, "a", b"two")
    put(world, "b", b"other")
    number = ask(world, "GET", "/versions/a").json["versions"][1]["number"]
    assert code(world, "GET", f"/files/b?version={number}") == "not_found"
    assert code(world, "POST", "/versions/b", {"restore": number}) == "not_found"
    assert code(world, "DELETE", f"/versions/b?version={number}") == "not_found"
    assert code(world, "GET", "/versions/a", who="bob") == "not_found"
    assert code(world, "GET", "/versions/") == "is_a_folder"


def test_viewers_read_editors_restore_and_owners_remove(world: HttpWorld) -> None:
    ask(world, "PUT", "/folders/d")
    put(world, "d/a", b"one")
    put(world, "d/a", b"two")
    number = ask(world, "GET", "/versions/d/a").json["versions"][1]["number"]
    theirs = "/Shared/ada/d/a"
    ask(world, "PUT", "/grants", {"path": "/d", "to": "bob", "rights": "viewer"})
    assert ask(world, "GET", f"/files{theirs}?version={number}", who="bob").body == b"one"
    assert code(world, "POST", f"/versions{theirs}", {"restore": number}, "bob") == "forbidden"
    ask(world, "PUT", "/grants", {"path": "/d", "to": "bob", "rights": "editor"})
    assert code(world, "DELETE", f"/versions{theirs}?version={number}", who="bob") == "forbidden"
    assert ask(world, "POST", f"/versions{theirs}", {"restore": number}, "bob").json["path"] == theirs
    assert ask(world, "GET", "/versions/d/a").json["versions"][0]["by"] == "bob"
    assert ask(world, "GET", "/files/d/a").body == b"one"
