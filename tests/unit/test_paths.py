"""Names and paths: what is refused, what real people call their files, and that every path has one spelling."""

import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_file_transfer.errors import InvalidNameError
from secure_file_transfer.paths import (
    DEPTH_MAX,
    NAME_MAX_BYTES,
    PATH_MAX_BYTES,
    RemotePath,
    check_name,
    display,
    numbered,
)

ZWNJ, ZWJ = "\u200c", "\u200d"

TRAVERSAL = [  # attack 1
    "..",
    ".",
    "../etc",
    "..\\etc",
    "a/../b",
    "%2e%2e",
    ".%2E",
    "%252e%252e",
    "%25252e.",
    "%c0%ae%c0%ae",
    "%u002e%u002e",
    "..%2f",
    "..%252Fetc",
    "..%5c..",
    "..%c0%af",
    "..%C1%9C",
    "..%e0%80%af",
    "..%25c0%25af",
    "%u2215..%u002f",
    "\uff0e\uff0e",  # full-width dots
    "\u2024\u2024",  # one dot leaders
    "\u2025",  # two dot leader
    "\ufe52.",  # small full stop
    "a\uff0fb",  # full-width solidus
    "a\u2215b",  # division slash
    "a\u2044b",  # fraction slash
    "a\ufe68b",  # small reverse solidus
    "\u2100",  # a/c in one character
]
ABSOLUTE = ["/etc/passwd", "C:\\", "C:\\Windows", "\\\\server\\share", "a\\b"]  # attack 2
CONTROL = [
    "a\0",
    "\0",
    "a\0.txt",
    "a%00.txt",
    "a\nb",
    "a\rb",
    "a\tb",
    "\x1b[2J",
    "a\x7f",
    "a\u0085",
    "a\u2028b",
]  # attack 3
TRAILING = ["a.", "a ", "a\u00a0", "a\u3000", "...", " ", ". ", "a. ", "a.txt.", "a.txt "]  # attack 5
STREAMS = ["a::$DATA", "a.txt::$data", "a:b:$DATA", "::$INDEX_ALLOCATION"]  # attack 5
TWINS = [  # attack 6
    "e\u0301",  # é in two characters
    "\u1100\u1161",  # 가 in two characters
    "\u212b",  # the Ångström sign, in form C an Å
    "a\u202eb",
    "\u202aa",
    "a\u2066b",
    "a\u2069",
    "a\u200eb",
    "a\u200fb",
    "a\u061cb",
    "a\u200bb",
    "a\ufeffb",
    "a\u00adb",
    "a\u2060b",
    f"a{ZWNJ}b",
    f"a{ZWJ}b",
    f"{ZWNJ}می",
    f"می{ZWNJ}",
    f"می{ZWNJ}{ZWNJ}خواهم",
    f"می{ZWNJ}.txt",
    f"😀{ZWJ}",
    f"😀{ZWJ}a",
    "a\ufe0f",
    "a\ufe0e",
    "\ufe0f",
    "a\U000e0100",
    "a\u034f",
    "\u115f",
    "a\u3164",
    "a\uffa0b",
    "\u2800",
    "a\u180b",
    "\U000e0001a",
    "a\U000e0067\U000e007f",
    "🏴\U000e0067\U000e0062\U000e0065",  # a flag cut short
]
SHAPES = ["", "x" * 256, "ش" * 128, "😀" * 64, "\ud800", "a\udcff"]

REAL = [
    "report.pdf",
    "a",
    "-",
    "_",
    "...a",
    "..a",
    ".bashrc",
    "a..b",
    "a b  c",
    " leading",
    "it's 100% (new) [final] {v2} #1 & co; a=b,c+d~!@$^.txt",
    'he said "hi" <now> | then?*',
    "12:30 meeting.txt",
    "a:b",
    "%",
    "%2",
    "%41%zz",
    "100%25",
    "x" * NAME_MAX_BYTES,
    "ش" * 127,
    "Screenshot 2026-01-01 at 1.23.45\u202fPM.png",
    "naïve café.txt",
    "Straße ½ № ™ ©.txt",
    "日本語.txt",
    "葛\U000e0100城市.txt",
    "한국어.txt",
    "עברית.txt",
    "العربية.txt",
    "نامه.txt",
    f"می{ZWNJ}خواهم.txt",
    f"کتاب{ZWNJ}های من.pdf",
    f"مُ{ZWNJ}ب",
    f"क्{ZWNJ}ष",
    f"श्{ZWJ}र",
    "گزارش ۱۴۰۵ (نهایی).pdf",
    f"👨{ZWJ}👩{ZWJ}👧{ZWJ}👦.jpg",
    f"👩🏽{ZWJ}🚀.png",
    f"🏳\ufe0f{ZWJ}🌈",
    f"❤\ufe0f{ZWJ}🔥",
    f"🙂{ZWJ}\u2194\ufe0f",
    "👍🏿",
    "🇮🇷🇩🇪",
    "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f.png",
]


def escaped(name: str) -> str:
    return json.dumps(name)[1:41]


@pytest.mark.parametrize("name", TRAVERSAL, ids=escaped)
def test_attack_1_traversal_in_every_disguise_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


@pytest.mark.parametrize("name", ABSOLUTE, ids=escaped)
def test_attack_2_an_absolute_component_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


@pytest.mark.parametrize(
    "text", ["//etc/passwd", "a//etc/passwd", "a//", "//", "///", "/C:\\x", "a/./b", "/..", "a/../.."]
)
def test_attack_2_nothing_is_joined_over_or_resolved(text: str) -> None:
    with pytest.raises(InvalidNameError):
        RemotePath.parse(text)
    with pytest.raises(InvalidNameError):
        RemotePath.from_url(text.encode())


@pytest.mark.parametrize("name", CONTROL, ids=escaped)
def test_attack_3_nul_and_other_control_characters_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


def test_attack_4_a_common_beginning_is_no_kinship() -> None:
    al, alice = RemotePath.parse("/home/al"), RemotePath.parse("/home/alice")
    assert not alice.is_within(al)
    assert not al.is_within(alice)
    assert al.is_within(al)
    assert (al / "x").is_within(al)
    assert not al.is_within(al / "x")
    assert alice.is_within(RemotePath())


@pytest.mark.parametrize("name", TRAILING + STREAMS, ids=escaped)
def test_attack_5_trailing_dots_and_spaces_and_streams_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


def test_attack_5_one_trailing_slash_is_the_same_path_and_case_is_another() -> None:
    assert RemotePath.parse("/a/b/") == RemotePath.parse("/a/b") == RemotePath.parse("a/b")
    assert RemotePath.parse("/A") != RemotePath.parse("/a")


@pytest.mark.parametrize("name", TWINS, ids=escaped)
def test_attack_6_twins_and_invisible_characters_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


@pytest.mark.parametrize("name", SHAPES, ids=escaped)
def test_empty_overlong_and_broken_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_name(name)


@pytest.mark.parametrize("name", TRAVERSAL + ABSOLUTE + CONTROL + TRAILING + STREAMS + TWINS + SHAPES, ids=escaped)
def test_no_way_leads_around_the_check(name: str) -> None:
    ways: list[Callable[[], RemotePath]] = [
        lambda: RemotePath((name,)),
        lambda: RemotePath(("a", name, "b")),
        lambda: RemotePath() / name,
        lambda: RemotePath.parse(f"/a/{name}/b"),
    ]
    for make in ways:
        with pytest.raises(InvalidNameError) as caught:
            make()
        assert not {unicodedata.category(char) for char in str(caught.value).replace(ZWNJ, "")} & {"Cc", "Cf", "Cs"}


@pytest.mark.parametrize(
    "raw",
    [
        b"/..",
        b"/%2e%2e",
        b"/%2E./x",
        b"/%252e%252e",
        b"/a%2fb",
        b"/a%5cb",
        b"/a%00",
        b"/a%0d%0aX: y",
        b"/%c0%ae%c0%ae",
        b"/%c0%af",
        b"/%e0%80%af",
        b"/%f0%80%80%af",
        b"/\xc0\xaf",
        b"/%ff",
        b"/%ed%a0%80",
        b"/%ef%bc%8e%ef%bc%8e",
        b"/%",
        b"/a%2",
        b"/a%zz",
        b"/%u002f",
    ],
)
def test_attack_1_a_url_is_split_first_and_decoded_once(raw: bytes) -> None:
    with pytest.raises(InvalidNameError):
        RemotePath.from_url(raw)


def test_a_percent_sign_in_a_name_survives_the_url() -> None:
    path = RemotePath.from_url(b"/%2541%25zz")
    assert path.parts == ("%41%zz",)
    assert path.to_url() == "/%2541%25zz"


@pytest.mark.parametrize("name", REAL, ids=escaped)
def test_real_names_are_accepted_and_come_back_the_same(name: str) -> None:
    assert check_name(name) == name
    path = RemotePath.parse(f"/folder/{name}")
    assert path.parts == ("folder", name)
    assert RemotePath.from_url(path.to_url().encode()) == path


@pytest.mark.parametrize(
    ("text", "parts"), [("", ()), ("/", ()), ("a", ("a",)), ("/a/b", ("a", "b")), ("a/b/", ("a", "b"))]
)
def test_parse_reads_every_form_of_a_path(text: str, parts: tuple[str, ...]) -> None:
    assert RemotePath.parse(text).parts == parts
    assert RemotePath.from_url(text.encode()).parts == parts


def test_the_parts_of_a_path() -> None:
    path = RemotePath.parse("/a/b")
    assert (str(path), path.name, str(path.parent), path.is_root) == ("/a/b", "b", "/a", False)
    root = RemotePath()
    assert (str(root), root.name, root.parent, root.is_root, root.to_url()) == ("/", "", root, True, "/")


def test_depth_and_length_are_bounded() -> None:
    RemotePath(("a",) * DEPTH_MAX)
    with pytest.raises(InvalidNameError, match=str(DEPTH_MAX)):
        RemotePath(("a",) * (DEPTH_MAX + 1))
    with pytest.raises(InvalidNameError, match=str(DEPTH_MAX)):
        RemotePath(("a",) * DEPTH_MAX) / "a"
    name = "x" * NAME_MAX_BYTES
    RemotePath((name,) * (PATH_MAX_BYTES // (NAME_MAX_BYTES + 1)))
    with pytest.raises(InvalidNameError, match=str(PATH_MAX_BYTES)):
        RemotePath((name,) * (PATH_MAX_BYTES // (NAME_MAX_BYTES + 1)) + ("x",))


ALPHABET = st.one_of(
    st.characters(),
    st.sampled_from(
        [*"./\\%:$ ~abAB25ec0\0\n", ZWNJ, ZWJ, "\ufe0f", "م", "ی", "😀", "🏽", "\u202e", "\u0301", "\u094d"]
    ),
)
ANY_NAME = st.text(ALPHABET, max_size=12)


def accepted(name: str) -> bool:
    try:
        check_name(name)
    except InvalidNameError:
        return False
    return True


@given(st.lists(ANY_NAME, max_size=5))
@example(["a", ".."])
@example(["%2e%2e"])
def test_an_accepted_path_has_one_spelling_and_no_way_up(names: list[str]) -> None:
    try:
        path = RemotePath(tuple(names))
    except InvalidNameError:
        assert not all(map(accepted, names))
        return
    assert RemotePath.parse(str(path)) == path
    assert RemotePath.from_url(path.to_url().encode()) == path
    assert path.to_url().isascii()
    for part in path.parts:
        assert part not in {"", ".", ".."}
        assert not {"/", "\\", "\0"} & set(part)
        assert unicodedata.is_normalized("NFC", part)
        assert unicodedata.normalize("NFKC", part) not in {".", ".."}
        assert len(part.encode()) <= NAME_MAX_BYTES


@given(st.binary(max_size=40).map(lambda tail: b"/" + tail))
@example(b"/%41")
@example(b"/a/")
def test_a_url_that_is_accepted_means_what_its_canonical_form_means(raw: bytes) -> None:
    try:
        path = RemotePath.from_url(raw)
    except InvalidNameError:
        return
    assert RemotePath.from_url(path.to_url().encode()) == path
    assert all(map(accepted, path.parts))


@given(ANY_NAME)
def test_names_that_look_alike_are_not_both_accepted(name: str) -> None:
    for form in ("NFD", "NFKD"):
        twin = unicodedata.normalize(form, name)
        if twin != name and unicodedata.normalize("NFC", twin) == unicodedata.normalize("NFC", name):
            assert not (accepted(name) and accepted(twin))


@given(st.text(ALPHABET, min_size=1, max_size=300).filter(accepted), st.integers(1, 10_000))
@example("x" * 255, 1)
@example(f"{'ش' * 124}{ZWNJ}شش", 1)
@example("a." + "b" * 253, 10)
@example("😀" * 63, 9999)
@example("x" * 250 + ".tar", 12)
def test_a_numbered_name_is_a_name(name: str, number: int) -> None:
    made = numbered(name, number)
    assert check_name(made) == made
    assert len(made.encode()) <= NAME_MAX_BYTES
    assert f" ({number})" in made
    assert made != name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report (2).pdf"),
        ("report.tar.gz", "report (2).tar.gz"),
        ("v1.2 notes.txt", "v1.2 notes (2).txt"),
        ("my.long.name.mp4", "my.long.name (2).mp4"),
        ("README", "README (2)"),
        (".bashrc", ".bashrc (2)"),
        (".config.json", ".config (2).json"),
        ("Mr. Smith", "Mr. Smith (2)"),
        ("a (1).txt", "a (1) (2).txt"),
        ("نامه.txt", "نامه (2).txt"),
        ("x" * 255, "x" * 251 + " (2)"),
        ("x" * 251 + ".txt", "x" * 247 + " (2).txt"),
    ],
)
def test_a_number_stands_before_the_ending(name: str, expected: str) -> None:
    assert numbered(name, 2) == expected


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\u202eb", "a\nb", "\ud800", "\u200b"])
def test_what_is_displayed_cannot_move_a_cursor_or_turn_the_text(text: str) -> None:
    shown = display(text)
    assert shown.isprintable()
    assert shown.encode()
    assert display("x" * 10_000).endswith("'…")
    assert len(display("x" * 10_000)) < 300


@pytest.mark.parametrize(
    ("folder", "text", "path"),
    [
        ("/a/b", "c", "/a/b/c"),
        ("/a/b", "/c", "/c"),
        ("/a/b", "", "/a/b"),
        ("/a/b", ".", "/a/b"),
        ("/a/b", "..", "/a"),
        ("/a/b", "../..", "/"),
        ("/a/b", "../../../..", "/"),
        ("/a/b", "./c/../d/", "/a/b/d"),
        ("/a/b", "/../c", "/c"),
        ("/", "//a//b", "/a/b"),
        ("/a", "...x", "/a/...x"),
    ],
)
def test_walking(folder: str, text: str, path: str) -> None:
    assert str(RemotePath.parse(folder).walk(text)) == path


@pytest.mark.parametrize("text", ["...", "a\\b", "a\0b", "%2e%2e", "\uff0e\uff0e"])
def test_walking_accepts_no_disguise(text: str) -> None:
    with pytest.raises(InvalidNameError):
        RemotePath.parse("/a").walk(text)
