import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.frontends.cli.failures import UsageError
from secure_file_transfer.frontends.cli.options import STDIO
from secure_file_transfer.frontends.cli.shell.lexer import is_pattern, pattern, plain, quoted, read, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("   # a remark", []),
        (";; ;", []),
        ("ls -l", [["ls", "-l"]]),
        ("ls;get x ;", [["ls"], ["get", "x"]]),
        ("cat 'a b' \"c d\" e\\ f", [["cat", "a b", "c d", "e f"]]),
        ('cat "say \\"hi\\" \\\\ \\n"', [["cat", 'say "hi" \\ \\n']]),
        ("cat a'b c'd", [["cat", "ab cd"]]),
        ("cat ''", [["cat", ""]]),
        ("cat 'a;b' a\\;b a#b '#'", [["cat", "a;b", "a;b", "a#b", "#"]]),
        ("cat گزارش.txt '👨‍👩‍👧‍👦 party'", [["cat", "گزارش.txt", "👨‍👩‍👧‍👦 party"]]),
        ("cd -", [["cd", STDIO]]),
        ("cd '-'", [["cd", "-"]]),
        ("ls\t-l", [["ls", "-l"]]),
    ],
)
def test_words(line: str, words: list[list[str]]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("cat 'a", "quote ' is not closed"),
        ('cat "a', 'quote " is not closed'),
        ("cat a\\", "ends with a backslash"),
        ("cat \0*", "control character"),
        ("cat \x1b[2J", "control character"),
    ],
)
def test_what_is_no_line(line: str, about: str) -> None:
    with pytest.raises(UsageError, match=about):
        split(line)


def test_only_what_is_not_quoted_is_a_pattern() -> None:
    [[_, bare, single, double, escaped, half]] = split("get *.txt '*.txt' \"*.txt\" \\*.txt '*'.*")
    assert [is_pattern(word) for word in (bare, single, double, escaped, half)] == [True, False, False, False, True]
    assert {plain(word) for word in (bare, single, double, escaped)} == {"*.txt"}
    assert (pattern(bare), pattern(escaped), pattern(half)) == ("*.txt", "[*].txt", "[*].*")


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1), st.sampled_from(["", "'", '"']))
def test_what_is_quoted_is_read_back(name: str, quote: str) -> None:
    [[verb, word]] = split(f"cat {quote}{quoted(name, quote)}{quote}")
    assert (verb, is_pattern(word)) == ("cat", False)
    assert (plain(word) if word != STDIO else "-") == name


def test_a_line_up_to_the_cursor() -> None:
    assert (read("cat 'a b").quote, read("cat a\\").cut, read("cat a").in_word, read("cat ").in_word) == (
        "'", True, True, False,
    )  # fmt: skip
