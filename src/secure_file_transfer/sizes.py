"""Numbers of bytes, as people write them: in settings and on the command line."""

import re
from decimal import Decimal

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_UNITS = " KMGT"


def parse_size(text: str) -> int:
    """Bytes: `4096`, `500K`, `1.5G`, `10 MiB`. Units are binary, as in everything this prints.

    Raises:
        ValueError
    """
    found = _SIZE.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ValueError("a number of bytes is needed, such as 500K, 10M or 1.5G")
    return int(Decimal(found[1]) * 1024 ** _UNITS.index(found[2].upper() or " "))
