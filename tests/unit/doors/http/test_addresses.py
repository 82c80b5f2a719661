"""Who the client is, with proxies in front and with liars everywhere (attack 26)."""

import pytest

from secure_file_transfer.doors.http.addresses import Proxies

PROXY, OUTER, CLIENT, LIE = "10.0.0.1", "10.0.0.2", "192.0.2.7", "203.0.113.66"
FORWARDED = "forwarded"
XFF = "x-forwarded-for"


def client(peer: str, header: str, *values: str, trusted: tuple[str, ...] = ("10.0.0.0/24", "fd00::/8")) -> str:
    other = FORWARDED if header == XFF else XFF
    fields = [(header.encode(), value.encode("latin-1")) for value in values]
    # The header that this proxy does not write comes from whoever sent the request.
    fields.append((other.encode(), (f"for={LIE}" if other == FORWARDED else LIE).encode()))
    return Proxies(trusted, header).client(peer, fields)


@pytest.mark.parametrize("header", [XFF, FORWARDED])
def test_attack_26_a_stranger_says_what_they_like_and_stays_who_they_are(header: str) -> None:
    for told in (LIE, f"for={LIE}", f"{LIE}, {PROXY}"):
        assert client(CLIENT, header, told) == CLIENT
        assert client(PROXY, header, told, trusted=()) == PROXY


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([CLIENT], CLIENT),
        ([f"{LIE}, {CLIENT}"], CLIENT),
        ([LIE, CLIENT], CLIENT),
        ([f"{LIE}, {CLIENT}, {OUTER}"], CLIENT),
        ([f"{CLIENT}:4711"], CLIENT),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], CLIENT),
        ([OUTER], OUTER),
        ([], PROXY),
        ([""], PROXY),
        (["unknown"], PROXY),
        ([f"{CLIENT}, garbage"], PROXY),
        ([f"{LIE}, garbage, {OUTER}"], OUTER),
        ([f"{CLIENT}\x00"], PROXY),
        (["\xff\xfe"], PROXY),
        ([", ".join([LIE] * 10_000 + [CLIENT])], CLIENT),
        ([", ".join([LIE] + [OUTER] * 10_000)], OUTER),
    ],
)
def test_x_forwarded_for_is_read_from_its_end(values: list[str], expected: str) -> None:
    assert client(PROXY, XFF, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([f"for={CLIENT}"], CLIENT),
        ([f"For={CLIENT};proto=https;by={PROXY}"], CLIENT),
        ([f"proto=https; for={CLIENT}"], CLIENT),
        ([f'for="{CLIENT}:80"'], CLIENT),
        (['for="[2001:db8::7]:4711"'], "2001:db8::7"),
        ([f"for={LIE}, for={CLIENT}"], CLIENT),
        ([f"for={LIE}", f"for={CLIENT}, for={OUTER}"], CLIENT),
        ([f"for={LIE};for={CLIENT}"], PROXY),
        (["for=unknown"], PROXY),
        (["for=_hidden"], PROXY),
        ([f"xfor={LIE}"], PROXY),
        ([f'for="{LIE}'], PROXY),
        ([CLIENT], PROXY),
        (["for="], PROXY),
    ],
)
def test_forwarded_is_read_from_its_end(values: list[str], expected: str) -> None:
    assert client(PROXY, FORWARDED, *values) == expected


def test_one_client_has_one_spelling() -> None:
    assert Proxies().client("::ffff:192.0.2.7", []) == CLIENT
    assert Proxies().client("2001:DB8:0:0::7", []) == "2001:db8::7"
    assert Proxies().client("a socket of a test", []) == "a socket of a test"
