"""The error table: complete, free of doubles, and what the documentation says."""

import errno
import inspect
from pathlib import Path

import pytest

from secure_file_transfer import errors
from secure_file_transfer.errors import TABLE, NoSpaceError, SecureFileTransferError, StorageError, disk_errors

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
ROWS = list(TABLE.values())


def documented() -> str:
    """The table of docs/errors.md, as it must read."""
    lines = ["| code | title | HTTP | FTP | exit | retryable |", "| --- | --- | --- | --- | --- | --- |"]
    for cls in ROWS:
        row = cls.row
        retry = "yes" if row.retryable else ""
        lines.append(f"| `{row.code}` | {row.title} | {row.status} | {row.ftp} | {row.exit} | {retry} |")
    return "\n".join(lines) + "\n"


def test_every_error_class_has_a_row_of_its_own() -> None:
    classes = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, SecureFileTransferError) and cls.__module__ == errors.__name__
    ]
    assert len(classes) > 30
    assert all("row" in vars(cls) for cls in classes)
    assert set(classes) == set(ROWS)
    assert len({cls.row.code for cls in classes}) == len(classes)


@pytest.mark.parametrize("cls", ROWS, ids=lambda cls: cls.row.code)
def test_a_row_is_one_that_every_door_can_speak(cls: type[SecureFileTransferError]) -> None:
    row = cls.row
    assert row.code == row.code.lower().strip("_")
    assert row.code.replace("_", "").isalpha()
    assert 400 <= row.status <= 599
    assert 400 <= row.ftp <= 599
    assert 1 <= row.exit <= 125  # above lie the shell's own: not executable, not found, killed
    assert row.exit not in {0, 1, 2}
    assert row.title[0].isupper()
    assert row.title[-1] != "."
    assert cls.__doc__


@pytest.mark.parametrize("cls", [cls for cls in ROWS if cls.row.retryable], ids=lambda cls: cls.row.code)
def test_what_is_retryable_is_no_final_refusal(cls: type[SecureFileTransferError]) -> None:
    assert cls.row.status not in {401, 403, 404, 410}


@pytest.mark.parametrize("cls", ROWS, ids=lambda cls: cls.row.code)
def test_a_code_from_the_wire_becomes_its_error(cls: type[SecureFileTransferError]) -> None:
    error = errors.from_code(cls.row.code, "what happened", hint="what to do")
    assert type(error) is cls
    assert (str(error), error.hint, error.code, error.retryable) == (
        "what happened",
        "what to do",
        cls.row.code,
        cls.row.retryable,
    )


@pytest.mark.parametrize("code", ["", "unheard_of", "NOT_FOUND", "__class__"])
def test_an_unknown_code_becomes_the_root_error(code: str) -> None:
    error = errors.from_code(code, "something new")
    assert type(error) is SecureFileTransferError
    assert str(error) == "something new"


def test_an_error_without_a_message_says_its_title() -> None:
    assert str(errors.NotFoundError()) == "Not found"
    assert errors.NotFoundError().hint == ""


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_space(code: int) -> None:
    with pytest.raises(NoSpaceError, match="writing a block") as caught, disk_errors("writing a block"):
        raise OSError(code, "full")
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.EMFILE, errno.EACCES])
def test_any_other_refusal_of_the_disk_is_a_storage_error(code: int) -> None:
    with pytest.raises(StorageError, match="reading a block"), disk_errors("reading a block"):
        raise OSError(code, "no")


def test_errors_of_our_own_and_bugs_pass_through() -> None:
    for error in (errors.NotFoundError("x"), ValueError("bug")):
        with pytest.raises(type(error)) as caught, disk_errors("anything"):
            raise error
        assert caught.value is error


def test_the_documented_table_is_the_table() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert documented() in text, f"docs/errors.md is out of date; its table must read:\n\n{documented()}"
    assert text.count("\n| `") == len(ROWS)
