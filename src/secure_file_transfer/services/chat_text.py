"""What a message may hold, how it is searched for, and where in it somebody names a file. Pure: no I/O."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from secure_file_transfer.errors import InvalidNameError, InvalidRequestError
from secure_file_transfer.paths import RemotePath

TEXT_MAX = 4000
"""Characters, in normal form C."""
PATHS_MAX = 20
"""Names of files in one message that are looked at; the rest is text."""
WORDS_MAX = 8
QUERY_MAX = 200

# What has an effect on the direction of all that follows it in a line (UAX #9, 2.1 to 2.4).
_ISOLATES, _END_ISOLATE = frozenset("\u2066\u2067\u2068"), "\u2069"
_EMBEDDINGS, _END_EMBEDDING = frozenset("\u202a\u202b"), "\u202c"
_OVERRIDES = frozenset("\u202d\u202e")
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ARABIC = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ـ": None})  # noqa: RUF001 - letters, not look-alikes
_CLOSERS = {'"': '"', "“": "”", "«": "»", "'": "'", "(": ")"}
_PATH = re.compile(r":/\S*")
_BEFORE = frozenset("([{<\"'“«„،,;؛")
_TRAILING = ".,;:!?)]}>\"'”»،؛؟…"


def clean(text: str) -> str:
    """The text as it is kept: in normal form C, with every direction that it begins ended in the same line.

    Raises:
        InvalidRequestError: empty, too long, or with characters that no message has.
    """
    if len(text) > 4 * TEXT_MAX:
        raise _too_long(len(text))
    text = unicodedata.normalize("NFC", text)
    for char in text:
        if (unicodedata.category(char) in _REFUSED and char not in "\n\t") or char in _OVERRIDES:
            raise InvalidRequestError(
                f"A message cannot hold the character U+{ord(char):04X}",
                hint="Control characters other than tabs and line feeds have no place in a text.",
            ).because("message_control")
    text = "\n".join(map(_closed, text.split("\n")))
    if len(text) > TEXT_MAX:
        raise _too_long(len(text))
    if not any(unicodedata.category(char)[0] not in "CZ" for char in text):
        raise InvalidRequestError("There is nothing in this message", hint="Write something.").because("message_empty")
    return text


def _closed(line: str) -> str:
    """A line that turns the direction of nothing that is shown after it."""
    if line.isascii():
        return line
    kept, waiting = [], list[str]()
    for char in line:
        if char in _ISOLATES:
            waiting.append(_END_ISOLATE)
        elif char in _EMBEDDINGS:
            waiting.append(_END_EMBEDDING)
        elif char in {_END_ISOLATE, _END_EMBEDDING}:
            if not waiting or waiting[-1] != char:
                continue  # it ends nothing, or what goes on around it
            waiting.pop()
        kept.append(char)
    return "".join([*kept, *reversed(waiting)])


def search_key(text: str) -> str:
    """What is compared when somebody searches: no case, no marks, one form of each letter and digit.

    Arabic and Persian forms of the same letter are one, and the non-joiner counts for nothing, since people write the
    same word with it, with a space, and without.
    """
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_ARABIC)
    parts = []
    for char in unicodedata.normalize("NFKD", folded):
        category = unicodedata.category(char)
        if category == "Nd":
            parts.append(str(unicodedata.digit(char)))
        elif category not in {"Mn", "Cf"}:
            parts.append(char)
    return " ".join("".join(parts).translate(_ARABIC).split())


def search_words(query: str) -> Sequence[str]:
    """The words of a search, each of which has to be there, as part of a word or the whole of it.

    Raises:
        InvalidRequestError: none, or too many.
    """
    words = search_key(query[: QUERY_MAX + 1]).split() if len(query) <= QUERY_MAX else []
    if not 1 <= len(words) <= WORDS_MAX:
        raise InvalidRequestError(
            f"A search is 1 to {WORDS_MAX} words, {QUERY_MAX} characters at most", hint="Search for fewer words."
        ).because("search_long", count=WORDS_MAX, most=QUERY_MAX)
    return list(dict.fromkeys(words))


def paths_in(text: str) -> Iterator[tuple[int, int, RemotePath]]:
    """Where `:/path` stands, and the path: up to the next space, or in quotation marks `":/to the end of them"`.

    Punctuation after it is not part of it. What cannot be a path is left out.
    """
    at = count = 0
    while count < PATHS_MAX and (found := _PATH.search(text, at)):
        begin, at = found.start(), found.end()
        before = text[begin - 1 : begin]
        if before and not before.isspace() and before not in _BEFORE:
            at = begin + 2
            continue
        count += 1
        end = _quoted(text, begin, _CLOSERS.get(before, "")) or begin + len(found[0].rstrip(_TRAILING))
        try:
            path = RemotePath.parse(text[begin + 1 : end])
        except InvalidNameError:
            continue
        if not path.is_root:
            at = end
            yield begin, end, path


def _quoted(text: str, begin: int, closer: str) -> int:
    """Where the quotation ends, in the same line; 0 where there is none."""
    line_end = text.find("\n", begin)
    return max(0, text.find(closer, begin, line_end if line_end >= 0 else len(text))) if closer else 0


def _too_long(length: int) -> InvalidRequestError:
    return InvalidRequestError(
        f"The message has {length:,} characters", hint=f"At most {TEXT_MAX:,}; send a longer text as a file."
    ).because("message_long", count=length, most=TEXT_MAX)
