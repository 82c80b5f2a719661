"""One-time codes that people carry from one screen to another: how they look, and how they are kept."""

import hashlib
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs, none of which looks like another when read from a screen and typed: no 0 and O, no 1 and I."""
GROUP = 5
_TYPED_MAX = 256


def new_signs(groups: int) -> str:
    """Random signs, 25 bits for each group."""
    return "".join(secrets.choice(ALPHABET) for _ in range(groups * GROUP))


def in_groups(signs: str) -> str:
    """As people see them: `K7RWM-…-3HXPQ`."""
    return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


def typed(code: str) -> str:
    """The signs of a code as somebody typed it: case, spaces and hyphens do not matter."""
    return "".join(c for c in code[:_TYPED_MAX].upper() if c not in "- ")


def code_hash(signs: str) -> bytes:
    """What is kept of a code. Nothing slower is needed: a code has at least 100 random bits."""
    return hashlib.sha256(signs.encode("utf-8", "replace")).digest()
