"""What a message may hold, what a search finds in it, and where it names files."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.services.chat_text import TEXT_MAX, clean, paths_in, search_key, search_words


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("hello", "hello"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        (" spaces stay ", " spaces stay "),
        ("e\u0301te\u0301", "été"),
        ("می\u200cخواهم 👨‍👩‍👧 \u200f.", "می\u200cخواهم 👨‍👩‍👧 \u200f."),
        ("<script>alert(1)</script> =1+1 {{x}}", "<script>alert(1)</script> =1+1 {{x}}"),
        ("\u2067سلام\u2069 hi", "\u2067سلام\u2069 hi"),
        ("left \u2067open", "left \u2067open\u2069"),
        ("\u202bRLE left open\nnext", "\u202bRLE left open\u202c\nnext"),
        ("ends \u2069nothing\u202c", "ends nothing"),
        ("\u2066a \u202bb\u2069 c", "\u2066a \u202bb c\u202c\u2069"),
        ("x" * TEXT_MAX, "x" * TEXT_MAX),
        ("e\u0301" * TEXT_MAX, "é" * TEXT_MAX),
    ],
)
def test_what_is_kept_of_a_text(text: str, kept: str) -> None:
    assert clean(text) == kept
    assert clean(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\t", "\u200c", "\u2066\u2069", "x" * (TEXT_MAX + 1), "é" * 100_000, "a\0b", "bell\a", "\x1b[2J",
        "a\rb", "\x85", "\u2028", "\u2029", "\ud800", "\x7f", "\u202ereversed", "\u202dx",
    ],
)  # fmt: skip
def test_attack_36_what_is_no_message(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        clean(text)


@given(st.text(max_size=60))
def test_what_is_kept_is_kept_again_and_turns_nothing_after_it(text: str) -> None:
    try:
        kept = clean(text)
    except InvalidRequestError:
        return
    assert clean(kept) == kept
    assert unicodedata.normalize("NFC", kept) == kept
    for line in kept.split("\n"):
        assert sum(map(line.count, "\u2066\u2067\u2068")) == line.count("\u2069")
        assert sum(map(line.count, "\u202a\u202b")) == line.count("\u202c")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Straße nach Köln", "STRASSE koln"),
        ("می\u200cخواهم گزارش", "می خواهم"),
        ("می\u200cخواهم گزارش", "میخواهم"),
        ("می خواهم", "خواهم می"),
        ("كتاب علي", "کتاب علی"),
        ("کِتــاب", "کتاب"),
        ("سال ۱۴۰۵", "1405"),
        ("سال 1405", "۱۴۰۵"),
        ("日本語のテキスト", "本語"),
        ("한국어", "국어"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("ﬁle ２", "file 2"),
        ("a\nb", "b a"),
        ("100% _x_", "% _x"),
    ],
)
def test_people_find_what_they_mean(text: str, query: str) -> None:
    assert all(word in search_key(text) for word in search_words(query))


@pytest.mark.parametrize("query", ["", "  ", "\u200c", "a b c d e f g h i", "x" * 201])
def test_what_is_no_search(query: str) -> None:
    with pytest.raises(InvalidRequestError):
        search_words(query)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("see :/photos/cat.jpg.", ["/photos/cat.jpg"]),
        (":/a, (:/b) and :/c/", ["/a", "/b", "/c"]),
        ('see ":/with spaces/the report.pdf", please', ["/with spaces/the report.pdf"]),
        ("«:/پوشه من/گزارش.pdf»", ["/پوشه من/گزارش.pdf"]),
        ('":/no end of it', ["/no"]),
        ('":/not over\nlines"', ["/not"]),
        ("https://example.com/x and a:/b", []),
        (":/ and :// and :/../x and :/a//b", []),
        ("nothing here", []),
        ("یک،:/عکس؛", ["/عکس"]),
    ],
)
def test_where_files_are_named(text: str, paths: list[str]) -> None:
    found = list(paths_in(text))
    assert [str(path) for _, _, path in found] == paths
    for begin, end, path in found:
        assert text[begin:end].removesuffix("/") == f":{path}"


def test_not_every_name_is_looked_at() -> None:
    assert len(list(paths_in(":/a " * 1000))) == 20


@given(st.text(alphabet=':/ ab"«»()\n.', max_size=80))
def test_pieces_never_overlap(text: str) -> None:
    at = 0
    for begin, end, _ in paths_in(text):
        assert at <= begin < end <= len(text)
        at = end
