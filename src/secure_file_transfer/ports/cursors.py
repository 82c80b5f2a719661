"""Where a page of a list ended, as a text that callers only hand back: so nobody keeps track of who turns pages."""

import base64
import binascii
import json
from typing import Any

_MAX = 16_384


def write(*values: int | str | None) -> str:
    """The cursor that says these values."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str) -> list[Any]:
    """The values of a cursor; what they mean is the caller's to judge.

    Raises:
        ValueError: `write` did not write it.
    """
    try:
        if len(cursor) > _MAX:
            raise ValueError("too long")
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
        if not isinstance(values, list) or write(*values) != cursor:
            raise ValueError("another text for the same")
    except (TypeError, RecursionError, binascii.Error) as error:
        raise ValueError(str(error)) from None
    return values
