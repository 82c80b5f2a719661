import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.errors import ConfigurationError, ConflictError, StorageError, WeakPasswordError
from secure_file_transfer.ports import KeySource
from secure_file_transfer.seal.keys import MasterKey, PassphraseParams
from secure_file_transfer.storage import keysource as module
from secure_file_transfer.storage.keysource import (
    EnvKeySource,
    FileKeySource,
    PassphraseKeySource,
    ask_terminal,
    choose_key_source,
)

CHEAP = PassphraseParams(memory_kib=64, passes=1, lanes=1)
WORDS, NEW_WORDS = "tangerine bicycle", "velvet thunderstorm"
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def ids(source: KeySource) -> list[str]:
    return [key.id for key in source.candidates()]


def never() -> str:
    raise AssertionError("nobody was to be asked")


def with_passphrase(folder: Path, ask: Callable[[], str] = never, ask_new: Callable[[], str] = never) -> KeySource:
    return PassphraseKeySource(folder, ask, ask_new, CHEAP)


# --- the file ---------------------------------------------------------------------------------------------------


@posix
def test_key_files_are_private_from_their_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Attack 57: whenever bytes are written or a name appears, every file there is 0600, whatever the umask.
    seen: list[dict[str, int]] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def call(*args: object, **kwargs: object) -> object:
            seen.append(modes(tmp_path))
            result = real(*args, **kwargs)
            seen.append(modes(tmp_path))
            return result

        monkeypatch.setattr(os, name, call)

    for name in ("write", "link", "fsync"):
        watched(name)
    old = os.umask(0)
    try:
        for source in (FileKeySource(tmp_path), with_passphrase(tmp_path, never, lambda: WORDS)):
            source.create()
            with source.rotation():
                source.stage()
                source.promote()
    finally:
        os.umask(old)
    assert {name for mode in seen for name in mode} >= {"master.key", "master.json", "rotation.lock"}
    assert {mode for each in seen for mode in each.values()} == {0o600}


def test_a_created_key_is_on_the_disk_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real_fsync, real_link = os.fsync, os.link

    def fsync(handle: int) -> None:
        synced.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def link(source: Path, target: Path) -> None:
        synced.append("link")
        real_link(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    FileKeySource(tmp_path).create()
    assert synced.index("file") < synced.index("link")
    assert synced[-1] == "directory"
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_disk_that_fails_leaves_no_key_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(StorageError):
            FileKeySource(tmp_path).create()
    assert list(tmp_path.iterdir()) == []
    FileKeySource(tmp_path).create()


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o644])
@pytest.mark.parametrize("name", ["master.key", "master.key.next"])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int, name: str) -> None:
    source = FileKeySource(tmp_path)
    source.create()
    source.stage()
    (tmp_path / name).chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        source.candidates()
    assert str(tmp_path / name) in str(caught.value)
    assert f"chmod 600 {tmp_path / name}" in caught.value.hint
    (tmp_path / name).chmod(0o600)
    assert len(source.candidates()) == 2


@pytest.mark.parametrize("content", [b"", b"\n", b"hello", b"\xff\xfe", b"x" * 5000, b"sft-master-1-" + b"a" * 56])
def test_a_file_without_a_key_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        FileKeySource(tmp_path).candidates()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_mistyped_key_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    text = MasterKey.generate().to_text()
    path = tmp_path / "master.key"
    path.write_text(text[:-1] + ("a" if text[-1] != "a" else "b"))
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="mistyped") as caught:
        FileKeySource(tmp_path).candidates()
    assert text[13:40] not in f"{caught.value} {caught.value.hint}"


def test_a_key_that_cannot_be_opened_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="is not a file"):
        FileKeySource(tmp_path).candidates()


def test_a_staged_key_alone_is_not_taken_for_the_one_in_use(tmp_path: Path) -> None:
    source = FileKeySource(tmp_path)
    source.create()
    source.stage()
    (tmp_path / "master.key").unlink()
    with pytest.raises(ConfigurationError, match="missing"):
        source.candidates()


def test_many_first_starts_at_once_make_one_key(tmp_path: Path) -> None:
    made: list[str] = []
    refused: list[ConfigurationError] = []
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        try:
            made.append(FileKeySource(tmp_path).create().id)
        except ConfigurationError as error:
            refused.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ids(FileKeySource(tmp_path))
    assert len(refused) == 7


@pytest.mark.parametrize("make", [FileKeySource, with_passphrase])
def test_only_one_process_rotates_at_a_time(tmp_path: Path, make: Callable[[Path], KeySource]) -> None:
    mine, other = make(tmp_path).rotation(), make(tmp_path).rotation()
    with mine, pytest.raises(ConflictError, match="rotated by another"), other:
        raise AssertionError("two had the right to rotate")
    with make(tmp_path).rotation():
        pass


# --- the environment --------------------------------------------------------------------------------------------


def test_the_environment_makes_no_keys_and_says_how() -> None:
    source = EnvKeySource(environ={})
    assert source.candidates() == []
    for call, name in ((source.create, "SFT_MASTER_KEY "), (source.stage, "SFT_MASTER_KEY_NEXT ")):
        with pytest.raises(ConfigurationError, match=name) as caught:
            call()
        assert caught.value.hint


def test_the_next_key_waits_in_a_variable_of_its_own() -> None:
    old, new = MasterKey.generate(), MasterKey.generate()
    environ = {"SFT_MASTER_KEY": old.to_text(), "SFT_MASTER_KEY_NEXT": new.to_text()}
    source = EnvKeySource(environ=environ)
    assert source.stage().id == new.id
    source.promote()
    assert environ == {"SFT_MASTER_KEY": new.to_text()}


@pytest.mark.parametrize("text", ["", "hunter2hunter2", "sft-master-1-" + "a" * 56])
def test_a_variable_without_a_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="SFT_MASTER_KEY") as caught:
        EnvKeySource(environ={"SFT_MASTER_KEY": text}).candidates()
    assert not text or text not in f"{caught.value} {caught.value.hint}"


# --- the passphrase ---------------------------------------------------------------------------------------------


def test_a_passphrase_is_asked_for_once_and_kept_nowhere(tmp_path: Path) -> None:
    created = with_passphrase(tmp_path, never, lambda: WORDS).create()
    asked: list[str] = []

    def ask() -> str:
        asked.append(WORDS)
        return WORDS

    source = with_passphrase(tmp_path, ask)
    assert ids(source) == ids(source) == [created.id]
    assert len(asked) == 1
    assert WORDS not in (tmp_path / "master.json").read_text()
    assert WORDS not in repr(vars(source))
    assert created.to_text()[13:] not in (tmp_path / "master.json").read_text()


def test_another_passphrase_gives_another_key(tmp_path: Path) -> None:
    created = with_passphrase(tmp_path, never, lambda: WORDS).create()
    assert ids(with_passphrase(tmp_path, lambda: "not the right words")) != [created.id]


def test_a_first_start_asks_for_nothing_but_the_new_passphrase(tmp_path: Path) -> None:
    source = with_passphrase(tmp_path, never, lambda: WORDS)
    assert source.candidates() == []
    created = source.create()
    assert ids(source) == [created.id]


def test_after_an_interrupted_rotation_either_passphrase_finds_its_key(tmp_path: Path) -> None:
    source = with_passphrase(tmp_path, never, lambda: WORDS)
    old = source.create()
    new = with_passphrase(tmp_path, never, lambda: NEW_WORDS).stage()
    assert ids(with_passphrase(tmp_path, lambda: WORDS))[0] == old.id
    assert ids(with_passphrase(tmp_path, lambda: NEW_WORDS))[1] == new.id


def test_a_running_server_does_not_ask_again_when_another_process_rotated(tmp_path: Path) -> None:
    with_passphrase(tmp_path, never, lambda: WORDS).create()
    answers = [WORDS]
    running = with_passphrase(tmp_path, answers.pop)
    running.candidates()
    other = with_passphrase(tmp_path, lambda: WORDS, lambda: NEW_WORDS)
    other.stage()
    other.promote()
    assert running.candidates() == []


@pytest.mark.parametrize("words", ["", "tiny", "eleven-long", "e\u0301" * 11])
def test_a_short_new_passphrase_is_refused(tmp_path: Path, words: str) -> None:
    source = with_passphrase(tmp_path, never, lambda: words)
    for make in (source.create, source.stage):
        with pytest.raises(WeakPasswordError) as caught:
            make()
        assert not words or words not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


GOOD = {"format": 1, "salt": "00" * 16, "memory_kib": 64, "passes": 1, "lanes": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "{",
        json.dumps({**GOOD, "format": 2}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({name: value for name, value in GOOD.items() if name != "lanes"}),
        json.dumps({**GOOD, "salt": "00" * 15}),
        json.dumps({**GOOD, "salt": "zz" * 16}),
        json.dumps({**GOOD, "salt": 7}),
        json.dumps({**GOOD, "passes": "1"}),
        json.dumps({**GOOD, "passes": True}),
        json.dumps({**GOOD, "passes": 1.0}),
        json.dumps({**GOOD, "memory_kib": 1 << 40}),
        "[" * 4000,
    ],
)
def test_a_damaged_recipe_is_refused_before_anybody_is_asked(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        with_passphrase(tmp_path).candidates()
    path.write_text(json.dumps(GOOD))
    assert len(with_passphrase(tmp_path, lambda: WORDS).candidates()) == 1


# --- which one --------------------------------------------------------------------------------------------------


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PassphraseParams", lambda **costs: PassphraseParams(**costs) if costs else CHEAP)


def nobody(prompt: str) -> str:
    raise AssertionError(f"asked {prompt!r}")


def test_the_default_is_the_file(tmp_path: Path) -> None:
    assert isinstance(choose_key_source(tmp_path, {}, nobody), FileKeySource)


def test_the_environment_comes_first(tmp_path: Path) -> None:
    FileKeySource(tmp_path).create()
    key = MasterKey.generate()
    source = choose_key_source(tmp_path, {"SFT_MASTER_KEY": key.to_text()}, nobody)
    assert ids(source) == [key.id]
    assert "SFT_MASTER_KEY" in source.describes


def test_the_environment_of_the_process_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = MasterKey.generate()
    monkeypatch.setenv("SFT_MASTER_KEY", key.to_text())
    for _ in range(2):  # a server may start twice in one process
        assert ids(choose_key_source(tmp_path)) == [key.id]


def test_an_empty_variable_is_an_error_and_not_a_new_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SFT_MASTER_KEY"):
        choose_key_source(tmp_path, {"SFT_MASTER_KEY": ""}, nobody).candidates()


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_passphrase_in_a_file_needs_nobody(tmp_path: Path, end: str) -> None:
    keys, file, next_file = tmp_path / "keys", tmp_path / "passphrase", tmp_path / "next"
    keys.mkdir()
    file.write_bytes((" " + WORDS + end).encode())
    next_file.write_bytes((NEW_WORDS + end).encode())
    environ = {"SFT_PASSPHRASE_FILE": str(file), "SFT_PASSPHRASE_FILE_NEXT": str(next_file)}
    created = choose_key_source(keys, environ, nobody).create()
    source = choose_key_source(keys, environ, nobody)
    assert ids(source) == [created.id]
    assert ids(choose_key_source(keys, {}, lambda prompt: " " + WORDS)) == [created.id]
    with source.rotation():
        staged = source.stage()
        source.promote()
    assert ids(choose_key_source(keys, {"SFT_PASSPHRASE_FILE": str(next_file)}, nobody)) == [staged.id]


@pytest.mark.usefixtures("cheap")
def test_a_dash_asks_at_the_terminal_twice_for_a_new_one_and_once_later(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return WORDS

    created = choose_key_source(tmp_path, {"SFT_PASSPHRASE_FILE": "-"}, ask).create()
    assert len(asked) == 2
    assert ids(choose_key_source(tmp_path, {}, ask)) == [created.id]
    assert len(asked) == 3


def test_two_different_new_passphrases_make_nothing(tmp_path: Path) -> None:
    answers = [WORDS, NEW_WORDS]
    with pytest.raises(ConfigurationError, match="differ"):
        choose_key_source(tmp_path, {"SFT_PASSPHRASE_FILE": "-"}, lambda prompt: answers.pop()).create()
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_does_not_push_a_key_file_aside(tmp_path: Path) -> None:
    FileKeySource(tmp_path).create()
    with pytest.raises(ConfigurationError, match="is the file"):
        choose_key_source(tmp_path, {"SFT_PASSPHRASE_FILE": "-"}, nobody)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff", b"x" * 5000])
def test_a_passphrase_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="passphrase"):
        choose_key_source(tmp_path, {"SFT_PASSPHRASE_FILE": str(file)}, nobody).create()
    assert not (tmp_path / "master.json").exists()


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(ConfigurationError, match="no terminal") as caught:
            ask_terminal("Passphrase: ")
    assert "SFT_PASSPHRASE_FILE" in caught.value.hint
