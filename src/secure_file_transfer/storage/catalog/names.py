"""How names are compared."""

import unicodedata


def name_key(name: str) -> str:
    """What names are ordered by: the case-folded name in NFC (Unicode 3.13, caseless matching)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", name.casefold())
