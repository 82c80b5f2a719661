"""The row `ftps` of `benchmarks.run`: one file by curl over FTP with TLS, against our server and two others."""

import statistics
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire

from .ftps_peers import SERVERS
from .peers import Certificates
from .run import digest, make_input, timed

MIB = 1 << 20
WAYS = ("up", "down")


def curl(site: FtpsSite, *lines: str) -> None:
    """One run of curl, the same for every server; the password does not go into its arguments."""
    config = "\n".join((f'user = "{site.user}:{site.password}"', *lines))
    command = ["curl", "-sS", "--fail", "--ssl-reqd", "--cacert", str(site.cafile), "--config", "-"]
    done = subprocess.run(command, input=config, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"curl ended with {done.returncode}: {done.stderr}")


def measure(site: FtpsSite, file: Path, down: Path) -> dict[str, float]:
    """Seconds up and down; what came down is compared, and nothing stays."""
    remote = f"{site.base}/{file.name}"
    url, back = f'url = "ftp://{site.host}:{site.port}{remote}"', down / file.name
    up = timed(partial(curl, site, f'upload-file = "{file}"', url))
    fetch = timed(partial(curl, site, f'output = "{back}"', url))
    if digest(back) != digest(file):
        raise RuntimeError(f"{file.name} came back different")
    back.unlink()
    with FtpsWire.signed_in(site) as wire:
        wire.ask(f"DELE {remote}", 250)
    return {"up": up, "down": fetch}


def beside_servers(folder: Path, certificates: Certificates, size: int, rounds: int) -> None:
    """All servers in one run, in turn, with new bytes in each round; prints the table of medians and ratios."""
    times: dict[tuple[str, str], list[float]] = {}
    (down := folder / "ftps-down").mkdir()
    with ExitStack() as stack:
        sites = {}
        for name, start in SERVERS.items():
            (home := folder / f"ftps-{name}").mkdir()
            sites[name] = stack.enter_context(start(home, certificates))
        for turn in range(rounds):
            file, _ = make_input(folder, size, 0)
            for name, site in sites.items():
                for way, seconds in measure(site, file, down).items():
                    times.setdefault((name, way), []).append(seconds)
                print(f"round {turn + 1}: {name} over FTPS done", file=sys.stderr)
    others = [name for name in SERVERS if name != "sft"]
    print(f"{'work':<26}{'sft':>9}" + "".join(f"{'vs ' + name:>16}" for name in others))
    for way in WAYS:
        ours = statistics.median(times["sft", way])
        row = f"{f'{size / MIB:.0f} MiB by FTPS, {way}':<26}{ours:>8.2f}s"
        for name in others:
            theirs = statistics.median(times[name, way])
            row += f"{theirs / ours:>9.2f}x {theirs:>4.1f}s"
        print(row)
