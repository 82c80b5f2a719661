"""What the pages of a link say, in each language, with its digits and its calendar.

A visitor has no account that could remember a language: the browser says which one to speak (`Accept-Language`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template

from ...errors import SecureFileTransferError
from ...model import TimeUs
from .schemas import as_datetime

_VARIABLE = re.compile(r"\{ \$([a-z]+) \}")


def _read(code: str) -> dict[str, str]:
    """The catalogue of a language: Fluent, of which a line with variables is all that is needed here."""
    text = resources.files(__package__).joinpath("assets", f"visit.{code}.ftl").read_text(encoding="utf-8")
    lines = (line.partition(" = ") for line in text.splitlines() if line and not line.startswith("#"))
    return {key: _VARIABLE.sub(r"$\1", value) for key, _, value in lines}


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    code: str
    direction: str
    texts: Mapping[str, str]

    def say(self, key: str, **values: str) -> str:
        """A text, escaped, with values that are HTML already."""
        return Template(escape(self.texts[key])).substitute(values)

    def number(self, value: str | int) -> str:
        """A number in its digits."""
        digits = self.texts.get("digits")
        return str(value).translate(str.maketrans("0123456789.", digits)) if digits else str(value)

    def count(self, key: str, count: int) -> str:
        """A text about so many: of the keys `<key>-one` and `<key>-many`."""
        return self.say(f"{key}-one" if count == 1 else f"{key}-many", count=self.number(count))

    def size(self, size: int) -> str:
        """A size for people, in powers of 1,000, as the web app has it: `17 bytes`, `3.4 MB`."""
        value, unit = float(size), ""
        for unit_ in self.texts["units"].split():
            if value < 999.5:
                break
            value, unit = value / 1000, unit_
        if not unit:
            return self.count("byte", size)
        text = f"{value:.0f}" if value >= 99.95 else f"{value:.1f}".removesuffix(".0")
        return f"{self.number(text)} {unit}"

    def day(self, when: TimeUs) -> str:
        """A day, as `<time>`."""
        at = as_datetime(when)
        return f'<time datetime="{at:%Y-%m-%d}">{self._date(when, short=True)}</time>'

    def moment(self, when: TimeUs) -> str:
        """A day and a time, as `<time>`."""
        at = as_datetime(when)
        shown = self.say("moment", day=self._date(when), clock=self.number(f"{at:%H:%M}"))
        return f'<time datetime="{at:%Y-%m-%dT%H:%MZ}">{shown}</time>'

    def _date(self, when: TimeUs, *, short: bool = False) -> str:
        at = as_datetime(when)
        year, month, day = solar(at.year, at.month, at.day) if self.code == "fa" else (at.year, at.month, at.day)
        name = self.texts["months"].split()[month - 1]
        return self.number(f"{day} {name[:3] if short and self.code == 'en' else name} {year}")

    def title(self, error: SecureFileTransferError) -> str:
        """What went wrong, in a few words. Not escaped."""
        return error.row.title if self.code == "en" else self._fault("fault", error)

    def told(self, error: SecureFileTransferError) -> str:
        """What went wrong and what to do next. Not escaped."""
        own = self.code == "en"
        parts = (str(error), error.hint) if own else (self._fault("fault", error), self._fault("hint", error))
        return " ".join(f"{part.rstrip('.')}." for part in parts if part)

    def _fault(self, what: str, error: SecureFileTransferError) -> str:
        code = f"{what}-{error.code}".replace("_", "-")
        return self.texts.get(f"{code}-{error.reason}") or self.texts.get(code) or self.texts[f"{what}-other"]


ENGLISH = Words("en", "ltr", _read("en"))
PERSIAN = Words("fa", "rtl", _read("fa"))
LANGUAGES = {each.code: each for each in (ENGLISH, PERSIAN)}


def spoken(accept: bytes) -> Words:
    """The language that a browser likes best of those there are (RFC 9110, 12.5.4); English where it names none."""
    best, weight = ENGLISH, 0.0
    for part in accept[:1000].decode("latin-1").split(","):
        name, _, parameter = part.strip().partition(";")
        words = LANGUAGES.get(name.strip().lower().partition("-")[0])
        if words is None:
            continue
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if weight < quality <= 1.0:
            best, weight = words, quality
    return best


def solar(year: int, month: int, day: int) -> tuple[int, int, int]:
    """A Gregorian day in the Solar Hijri calendar, as the civil calendar of Iran has it.

    Years are counted in cycles of 33 with 8 leap years, which holds from 1925 to 2100 and beyond.
    """
    before = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
    counted = year + 1 if month > 2 else year
    days = 355666 + 365 * year + (counted + 3) // 4 - (counted + 99) // 100 + (counted + 399) // 400 + day
    days += before[month - 1]
    solar_year = -1595 + 33 * (days // 12053)
    days %= 12053
    solar_year += 4 * (days // 1461)
    days %= 1461
    if days > 365:
        solar_year += (days - 1) // 365
        days = (days - 1) % 365
    if days < 186:
        return solar_year, 1 + days // 31, 1 + days % 31
    return solar_year, 7 + (days - 186) // 30, 1 + (days - 186) % 30
