"""Every known attack on who one is has tests that name it, at the services and at each door that it can reach.

The numbers are those of the list of attacks that this suite is held against; `docs/security.md` says what each is. A
test names an attack in its own name (`test_attack_26_…`, `test_attacks_22_and_27_…`) or in its docstring.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LIVE = (40, 41)
CONTENT = (36, 37, 38, 39)
IDENTITY = (3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 42, 43, 44, 47, 49, 58)
_NUMBERS = r"\d+(?:(?:_and_|_to_|_|, | and )\d+)*"
_NAMED = re.compile(rf"attacks?[_ ]({_NUMBERS})", re.IGNORECASE)
_DOORS = ("unit/doors/", "e2e/", "interop/")
"""Where requests are made as a stranger makes them."""


def named(text: str) -> Iterator[int]:
    """The numbers of the attacks that a text names."""
    for found in _NAMED.findall(text):
        numbers = [int(each) for each in re.findall(r"\d+", found)]
        yield from range(numbers[0], numbers[1] + 1) if "_to_" in found else numbers


def _by_attack() -> dict[int, set[str]]:
    """Which tests name each attack: the files, with the names of the functions."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        place = path.relative_to(TESTS).as_posix()
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_"):
                for number in named(f"{each.name}\n{ast.get_docstring(each) or ''}"):
                    found[number].add(f"{place}::{each.name}")
    return found


BY_ATTACK = _by_attack()


@pytest.mark.parametrize("number", IDENTITY + LIVE + CONTENT)
def test_every_attack_on_identity_is_tried_at_a_door(number: int) -> None:
    tests = BY_ATTACK[number]
    assert [each for each in tests if each.startswith(_DOORS)], f"no test at a door names attack {number}: {tests}"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("test_attack_3_a_nul", [3]),
        ("test_attacks_22_and_27_every_failure", [22, 27]),
        ("test_attacks_1_to_6_in_the_url", [1, 2, 3, 4, 5, 6]),
        ("Attacks 30, 32 and 58, and more", [30, 32, 58]),
        ("test_a_heart_attack", []),
    ],
)
def test_names_are_read_as_people_read_them(text: str, numbers: list[int]) -> None:
    assert list(named(text)) == numbers


def test_what_the_documentation_says_of_each_attack_names_tests_that_are_there() -> None:
    text = (TESTS.parent / "docs" / "security.md").read_text(encoding="utf-8")
    rows = {
        int(number): path for number, path in re.findall(r"^\| (\d+) \|.*\| `tests/([^`]+)` \|$", text, re.MULTILINE)
    }
    assert set(rows) == set(IDENTITY + LIVE + CONTENT)
    for number, path in rows.items():
        assert any(each.startswith(f"{path}::") for each in BY_ATTACK[number]), (number, path)
