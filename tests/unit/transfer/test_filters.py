"""Which files take part: a table of what people write and what they mean by it."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.transfer.filters import Filter, Pattern


def rules(text: str) -> Filter:
    """`-` excludes and `+` includes, as in `- *.tmp + /a/**`."""
    words = text.split()
    return Filter([Pattern(sign == "+", word) for sign, word in zip(words[::2], words[1::2], strict=True)])


@pytest.mark.parametrize(
    ("patterns", "path", "takes"),
    [
        ("", "a/b", True),
        ("- *.tmp", "a.tmp", False),
        ("- *.tmp", "deep/down/a.tmp", False),
        ("- *.tmp", "a.tmp.txt", True),
        ("- node_modules", "web/node_modules/x/index.js", False),
        ("- cache/", "cache", True),  # a file of that name
        ("- cache/", "cache/x", False),
        ("- cache/", "a/cache/b/x", False),
        ("- /cache", "a/cache", True),
        ("- /cache", "cache/x", False),
        ("- a/cache", "a/cache/x", False),
        ("- a/cache", "b/a/cache/x", True),
        ("- **/cache/x", "b/a/cache/x", False),
        ("- **/cache", "cache", False),
        ("- a/**/z", "a/z", False),
        ("- a/**/z", "a/b/c/z", False),
        ("- a/**", "a/b", False),
        ("- a/**", "ab", True),
        ("- a/*", "a/b/c", False),
        ("- ?.txt", "a.txt", False),
        ("- ?.txt", "ab.txt", True),
        ("- [a-c].txt", "b.txt", False),
        ("- [!a-c].txt", "b.txt", True),
        ("- []x]", "]", False),
        (r"- \*", "a", True),
        (r"- \*", "*", False),
        ("- a.b", "axb", True),
        ("- گزارش*", "x/گزارش نو.pdf", False),
        ("- 🎉", "🎉", False),
        # The first that matches decides.
        ("+ keep.tmp - *.tmp", "a/keep.tmp", True),
        ("+ keep.tmp - *.tmp", "a/lose.tmp", False),
        ("- *.tmp + keep.tmp", "a/keep.tmp", False),
        ("+ *.jpg - *", "deep/down/a.jpg", True),
        ("+ *.jpg - *", "deep/down/a.txt", False),
        ("+ /photos/ - *", "photos/a/b.txt", True),
        # Only includes: nothing else takes part.
        ("+ *.jpg + *.png", "a/b.png", True),
        ("+ *.jpg + *.png", "a/b.txt", False),
    ],
)
def test_files(patterns: str, path: str, takes: bool) -> None:
    assert rules(patterns).takes(tuple(path.split("/")), folder=False) is takes


@pytest.mark.parametrize(
    ("patterns", "path", "takes", "enters"),
    [
        ("", "a", True, True),
        ("- a", "a", False, False),
        ("- a/", "a/b", False, False),
        ("+ *.jpg - *", "a", False, True),
        ("- * + *.jpg", "a", False, False),
        ("+ *.jpg", "a", False, True),
        ("- *.tmp + *.jpg", "a", True, True),
        ("- a + *.jpg", "a/b", False, False),
    ],
)
def test_folders(patterns: str, path: str, takes: bool, enters: bool) -> None:
    found = rules(patterns)
    assert found.takes(tuple(path.split("/")), folder=True) is takes
    assert found.enters(tuple(path.split("/"))) is enters


@pytest.mark.parametrize("text", ["", "/", "//", "a//b", "[z-a]"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no pattern"):
        Filter([Pattern(False, text)])


texts = st.text("ab*?[]!^-&~|\\./é", min_size=1, max_size=8)


@example("[?--]", ("a",))
@given(texts, st.lists(st.sampled_from(["a", "b", "ab", "é", "[", "*"]), min_size=1, max_size=3).map(tuple))
def test_a_folder_that_is_not_entered_hides_nothing(text: str, path: tuple[str, ...]) -> None:
    for include in (True, False):
        try:
            found = Filter([Pattern(include, text), Pattern(False, "b")])
        except InvalidRequestError:
            return
        if found.takes(path, folder=False):
            assert all(found.enters(path[:length]) for length in range(1, len(path)))


@given(st.text(min_size=1, max_size=20).filter(lambda name: "/" not in name))
def test_an_escaped_name_matches_itself_alone(name: str) -> None:
    escaped = "/" + re.sub(r"([*?\[\]\\])", r"\\\1", name)
    found = Filter([Pattern(False, escaped)])
    assert not found.takes((name,), folder=False)
    assert found.takes((name + "x",), folder=False)
