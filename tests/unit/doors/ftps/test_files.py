"""Files up, down, listed, renamed: with Python's own client."""

import hashlib
import io
import random
from typing import Any

import pytest

from secure_file_transfer.model import MIB

SIZES = [0, 1, 65_535, 65_536, 65_537, MIB - 1, MIB, MIB + 1, 2 * MIB, 5 * MIB + 7]


def test_files_of_all_sizes_go_up_and_come_back(world: Any, ftp: Any) -> None:
    for size in SIZES:
        data = random.Random(size).randbytes(size)  # noqa: S311 - data, not a secret
        said = ftp.storbinary("STOR sized", io.BytesIO(data))
        assert said.startswith("226"), said
        assert world.read("/sized") == data
        got = bytearray()
        ftp.retrbinary("RETR sized", got.extend)
        assert bytes(got) == data
        assert ftp.size("sized") == size
        assert ftp.sendcmd("XSHA256 sized").split()[1].lower() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["a b.txt", "گزارش.pdf", "🎉.bin", "a:b'c#d%e.gz", "empty"])
def test_names_come_back_as_they_are(world: Any, ftp: Any, name: str) -> None:
    ftp.mkd("d")
    ftp.cwd("d")
    ftp.storbinary(f"STOR {name}", io.BytesIO(b"x"))
    assert ftp.nlst() == [name]
    lines: list[str] = []
    ftp.retrlines("LIST", lines.append)
    assert [line.split(maxsplit=8)[8] for line in lines] == [name]
    assert [(found, facts["type"], facts["size"]) for found, facts in ftp.mlsd()] == [(name, "file", "1")]
    ftp.rename(name, f"{name} 2")
    assert ftp.nlst() == [f"{name} 2"]
    ftp.delete(f"{name} 2")
    ftp.cwd("..")
    ftp.rmd("d")
    assert ftp.pwd() == "/"
    assert ftp.nlst() == []
