"""No test waits for a clock: a time that is long enough on a busy machine is wasted on every other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
POLL_SECONDS = 0.05
"""Between two looks at what another process does; nothing tells when it has done it."""


def waits(tree: ast.AST, looking: bool = False) -> Iterator[int]:
    """The lines that wait for a clock. `looking`: in a loop that ends as soon as something is so."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and not _allowed(node, looking):
            yield node.lineno
        yield from waits(node, isinstance(node, ast.While) or (looking and not isinstance(node, ast.FunctionDef)))


def _allowed(call: ast.Call, looking: bool) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(attr="wait_for_timeout")):
            return False
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"), args=[how_long]):
            pass
        case ast.Call(func=ast.Name(id="sleep"), args=[how_long]):
            pass
        case _:
            return True
    longest = POLL_SECONDS if looking else 0
    return isinstance(how_long, ast.Constant) and isinstance(how_long.value, int | float) and how_long.value <= longest


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        ("time.sleep(1)", True),
        ("time.sleep(pause)", True),
        ("sleep(0.1)", True),
        ("page.wait_for_timeout(100)", True),
        ("await asyncio.sleep(0.001)", True),
        ("await asyncio.sleep(0)", False),
        ("while not there():\n    time.sleep(0.05)", False),
        ("while not there():\n    time.sleep(1)", True),
        ("while not there():\n    page.wait_for_timeout(1)", True),
        ("for _ in range(9):\n    time.sleep(0.01)", True),
    ],
)
def test_what_counts_as_waiting(text: str, waiting: bool) -> None:
    assert bool(list(waits(ast.parse(text)))) is waiting


def test_no_test_waits_for_a_clock() -> None:
    files = sorted(TESTS.rglob("*.py"))
    assert len(files) > 200
    found = [f"{file.relative_to(TESTS)}:{line}" for file in files for line in waits(ast.parse(file.read_text()))]
    assert found == []
