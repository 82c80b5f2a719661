"""The web app's source keeps in step with the server, and its languages with each other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.types import WEB, WRITTEN, types

from secure_file_transfer import errors
from secure_file_transfer.services.families import FAMILIES

SOURCE = WEB / "src"
SERVER = WEB.parent / "src" / "secure_file_transfer"
REFUSALS = "errors.ftl"
"""What the server refuses. It speaks English itself: only other languages have one."""
_MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =", re.MULTILINE)
_VARIABLE = re.compile(r"\{ \$([a-z]+) ")
_USED = re.compile(r"""\bt\(\s*['"`]([a-z0-9-]+)(\$\{)?""")


def messages(language: str) -> dict[str, str]:
    files = sorted(file for file in (SOURCE / "i18n" / language).glob("*.ftl") if file.name != REFUSALS)
    return texts("\n".join(file.read_text() for file in files))


def texts(catalogue: str) -> dict[str, str]:
    parts = _MESSAGE.split(catalogue)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_types_are_those_of_the_server(tmp_path: Path) -> None:
    assert WRITTEN.read_text() == types(tmp_path), "run: python -m tests.web.types"


def test_every_language_says_everything_with_the_same_variables() -> None:
    english, persian = messages("en"), messages("fa")
    assert len(english) > 20
    assert list(english) == list(persian)
    for key, text in english.items():
        assert set(_VARIABLE.findall(text)) == set(_VARIABLE.findall(persian[key])), key


@pytest.mark.parametrize("language", ["en", "fa"])
def test_no_key_is_given_twice(language: str) -> None:
    """All catalogues of a language are one; a second of a name keeps the page from starting."""
    text = "\n".join(file.read_text() for file in (SOURCE / "i18n" / language).glob("*.ftl"))
    keys = _MESSAGE.findall(text)
    assert sorted(keys) == sorted(set(keys))


def reasons() -> Iterator[tuple[str, set[str]]]:
    """Every `error-<code>-<reason>` that the server can say, and the values that come with it."""
    codes = {cls.__name__: code for code, cls in errors.TABLE.items()}
    for file in SERVER.rglob("*.py"):
        tree = ast.parse(file.read_text()) if ".because(" in file.read_text() else ast.Module([], [])
        # Where a rule is found by a function of its own, it returns the reason and the sentence.
        rules = [each.elts[0] for each in ast.walk(tree) if isinstance(each, ast.Tuple) and len(each.elts) == 2]
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)) or call.func.attr != "because":
                continue
            assert isinstance(call.func.value, ast.Call)
            code = codes[ast.unparse(call.func.value.func)]
            said = list(ast.walk(call.args[0])) if not isinstance(call.args[0], ast.Subscript) else rules
            for reason in said:
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str) and reason.value.isidentifier():
                    yield f"error-{code}-{reason.value}".replace("_", "-"), {each.arg or "" for each in call.keywords}


@pytest.mark.parametrize("language", [each.name for each in (SOURCE / "i18n").iterdir() if (each / REFUSALS).exists()])
def test_what_the_server_refuses_is_said_in_every_language(language: str) -> None:
    said = texts((SOURCE / "i18n" / language / REFUSALS).read_text())
    codes = {f"error-{code.replace('_', '-')}" for code in errors.TABLE}
    with_values: dict[str, set[str]] = {}
    for key, values in reasons():
        with_values[key] = with_values.get(key, values) & values
    assert len(with_values) > 100
    assert codes - said.keys() == set()
    assert with_values.keys() - said.keys() == set()
    assert {key.removesuffix("-hint") for key in said} - codes - with_values.keys() == set()
    for key, text in said.items():
        assert set(_VARIABLE.findall(text)) <= with_values.get(key.removesuffix("-hint"), set()) | {"seconds"}, key


def test_every_language_but_english_has_those_texts() -> None:
    languages = {each.name for each in (SOURCE / "i18n").iterdir() if each.is_dir()}
    assert {each.parent.name for each in SOURCE.glob(f"i18n/*/{REFUSALS}")} == languages - {"en"}


def test_every_text_is_there_and_is_used() -> None:
    """A key is written out where it is used, or begins with what stands before the first `${`."""
    whole: set[str] = set()
    begun: set[str] = set()
    for file in [*SOURCE.rglob("*.svelte"), *SOURCE.rglob("*.ts")]:
        text = file.read_text()
        for key, goes_on in _USED.findall(text):
            (begun if goes_on else whole).add(key)
        whole |= {key for key in re.findall(r"'([a-z]+(?:-[a-z]+)+)'", text) if key in messages("en")}
    there = set(messages("en"))
    assert whole - there == set()
    assert {each for each in begun if not any(key.startswith(each) for key in there)} == set()
    unused = {key for key in there - whole if not any(key.startswith(each) for each in begun)}
    assert unused == set()


def test_the_icons_know_the_same_families_of_files_as_the_search() -> None:
    text = (SOURCE / "lib" / "family.ts").read_text()
    assert dict(re.findall(r"^  ([a-z]+): '([a-z0-9 ]+)',$", text, re.MULTILINE)) == FAMILIES


@pytest.mark.parametrize("side", ["left", "right"])
def test_layout_knows_no_left_and_right(side: str) -> None:
    """It begins and ends instead, so that it turns around with the language."""
    rule = re.compile(rf"(?<![a-z-])(?:margin|padding|border|inset)?-?{side}\s*:|text-align:\s*{side}")
    found = [
        f"{file.name}: {match[0]}"
        for file in [*SOURCE.rglob("*.svelte"), *SOURCE.rglob("*.css")]
        for match in rule.finditer(file.read_text())
    ]
    assert found == []
