"""What FTPS clients hear of a full server and of maintenance."""

import ftplib
import io
import ssl
from collections.abc import Callable

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.model import Principal, Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.operations import open_operations
from secure_file_transfer.services.operations import Operations
from secure_file_transfer.services.traffic import Traffic

from .conftest import PASSWORD, SECONDS, ResumingFtp, World, connect_ftp


@pytest.fixture
def traffic(house: House) -> Traffic:
    return Traffic(house.clock)


@pytest.fixture
def operations(house: House, traffic: Traffic) -> Operations:
    return open_operations(load(data_dir=house.directory.path), house, traffic)


@pytest.fixture
def operator(house: House) -> Principal:
    house.accounts.set_role("bob", Role.ADMIN)
    signed = house.sessions.open_for(house.accounts.get("bob"), door="http", address="::1", agent="")
    return Principal(signed.account, signed.session)


def test_a_full_server_answers_421_and_operators_come_in(
    open_door: Callable[..., World], operations: Operations, traffic: Traffic, operator: Principal
) -> None:
    world = open_door(traffic=traffic)
    operations.limits.roll.sources.append(world.door.clients)
    operations.limits.change(operator, {"clients": 1})
    first = connect_ftp(world)
    assert len(world.door.clients()) == 1
    refused = ResumingFtp(context=ssl.create_default_context(cafile=str(world.cafile)), timeout=SECONDS)
    refused.connect("127.0.0.1", world.port)
    with pytest.raises(ftplib.error_temp, match="421 The server is full"):
        refused.login("ada", PASSWORD)
    refused.close()
    second = connect_ftp(world, "bob")
    assert first.pwd() == second.pwd() == "/"
    for each in (first, second):
        each.quit()
        each.close()


def test_in_maintenance_transfers_are_refused_and_listings_go_on(
    open_door: Callable[..., World], operations: Operations, traffic: Traffic, operator: Principal
) -> None:
    world = open_door(traffic=traffic)
    world.write("/a", b"12345")
    ftp = connect_ftp(world)
    ftp.retrbinary("RETR a", bytearray().extend)
    assert sum(traffic.bytes_moved().values()) == 5
    operations.limits.change(operator, {"maintenance": True, "text": "Back at 18:00"})
    ftp.storbinary("STOR b", io.BytesIO(b"x"))  # it transferred a moment ago, so it may finish what it does
    other = connect_ftp(world)
    with pytest.raises(ftplib.error_temp, match=r"450 .*Back at 18:00"):
        other.storbinary("STOR c", io.BytesIO(b"x"))
    with pytest.raises(ftplib.error_temp, match="450"):
        other.retrbinary("RETR a", bytearray().extend)
    assert sorted(other.nlst()) == ["a", "b"]
    for each in (ftp, other):
        each.quit()
        each.close()
