"""Declared digests: the `Content-Digest` and `Repr-Digest` fields of RFC 9530, read strictly.

Both are structured field dictionaries (RFC 9651) whose members are byte sequences: `sha-256=:…base64…:`. For a body
that is sent whole and without a content coding, the two mean the same bytes.
"""

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable

from ...errors import InvalidRequestError

FIELDS = (b"content-digest", b"repr-digest")
SHA256_BYTES = 32
_HINT = "Send sha-256=:<base64 of the 32 digest bytes>:, as in RFC 9530."

_MEMBER = re.compile(
    rb"""[ ]*(?P<key>[a-z*][a-z0-9_.*-]*)
         =:(?P<value>[A-Za-z0-9+/]*={0,2}):
         (?:;[ ]*[a-z*][a-z0-9_.*-]*(?:=[!#$%&'*+.^_`|~0-9A-Za-z:/-]+)?)*  # parameters mean nothing here
         [ \t]*(?P<end>,[ \t]*|$)""",
    re.VERBOSE,
)


def parse(value: bytes) -> dict[str, bytes]:
    """The members of one digest field, by algorithm.

    Raises:
        InvalidRequestError: for anything that is no dictionary of byte sequences. A repeated algorithm is refused
            too: RFC 9651 lets the last one win, and a check that depends on who reads it is no check.
    """
    members: dict[str, bytes] = {}
    at, more = 0, True
    while more:
        match = _MEMBER.match(value, at)
        if match is None:
            raise InvalidRequestError("The digest field cannot be read", hint=_HINT)
        key = match["key"].decode()
        if key in members:
            raise InvalidRequestError(f"The digest field names {key} twice", hint="Name each algorithm once.")
        try:
            members[key] = binascii.a2b_base64(match["value"], strict_mode=True)
        except binascii.Error:
            raise InvalidRequestError(f"The {key} digest is not base64", hint=_HINT) from None
        at, more = match.end(), bool(match["end"])
    return members


def declared_sha256(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The SHA-256 that a request declares for its body, or None when it declares no digest at all.

    Algorithms that are not understood are ignored next to sha-256 (RFC 9530, section 2); alone they are refused,
    because the sender believes that something is being checked.

    Raises:
        InvalidRequestError: malformed, of the wrong length, only unknown algorithms, or two fields that disagree.
    """
    fields: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in FIELDS:
            fields.setdefault(name, []).append(value)
    found: set[bytes] = set()
    for values in fields.values():
        members = parse(b", ".join(values))
        digest = members.get("sha-256")
        if digest is None:
            raise InvalidRequestError(f"None of the declared digests is understood: {', '.join(members)}", hint=_HINT)
        if len(digest) != SHA256_BYTES:
            raise InvalidRequestError(f"A sha-256 digest has 32 bytes, not {len(digest)}", hint=_HINT)
        found.add(digest)
    if len(found) > 1:
        raise InvalidRequestError("Content-Digest and Repr-Digest disagree", hint="Send one of them.")
    return found.pop() if found else None


def field_value(sha256: bytes) -> bytes:
    """The value of a digest field that says `sha256`."""
    return b"sha-256=:" + b64encode(sha256) + b":"
