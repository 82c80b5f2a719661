import pytest

from secure_file_transfer.services.networks import UNKNOWN, Networks, source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN),
        ("192.0.2.7:80", UNKNOWN),
        ("x" * 100_000, UNKNOWN),
    ],
)
def test_attack_26_a_source_is_an_ipv4_address_or_the_64_of_an_ipv6_one(address: str, source: str) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.1", True),
        ("::ffff:192.0.2.1", True),
        ("192.0.3.1", False),
        ("198.51.100.9", True),
        ("198.51.100.8", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("nonsense", False),
    ],
)
def test_a_list_of_networks(address: str, inside: bool) -> None:
    assert (address in Networks(["192.0.2.0/24", "198.51.100.9", "2001:db8::/32"])) is inside
    assert address not in Networks()


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2"):
        Networks(["192.0.2"])
