"""Query strings of the routes that do not go through the framework, read strictly."""

from collections.abc import Set as AbstractSet
from urllib.parse import parse_qsl

from ...errors import InvalidRequestError

FIELDS_MAX = 1000


def read_pairs(query: bytes) -> list[tuple[str, str]]:
    """All pairs of a query, in order.

    Raises:
        InvalidRequestError: not UTF-8, or more than `FIELDS_MAX` pairs.
    """
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX, separator="&"
        )
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidRequestError("The query cannot be read", hint="Percent-encode it as UTF-8.") from None


def read_query(query: bytes, known: AbstractSet[str]) -> dict[str, str]:
    """The parameters of a query; each known one at most once.

    Raises:
        InvalidRequestError: also for an unknown parameter: a typo must not be silence.
    """
    if not query:
        return {}
    found: dict[str, str] = {}
    for name, value in read_pairs(query):
        if name not in known:
            raise InvalidRequestError("There is an unknown parameter", hint=f"Known are {', '.join(sorted(known))}.")
        if name in found:
            raise InvalidRequestError(f"{name} is given twice")
        found[name] = value
    return found
