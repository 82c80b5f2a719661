"""Proofs about folder drives: nothing leads out of them, and a large one is listed whole."""

import http.client
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import Conflict, Rights, SortKey, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire, HungUpError
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.rights_world import SharingWorld

from .proofs import PASSWORD, USER, Caller, say

SECRET = b"secret of the world outside"
MARK = "only-outside"
INSIDE = b"inside"
THREADS = 4
ENOUGH = 200
"""Tries of one kind, of which some must have met the folder and not the link."""
_FTPS = {f"SFT_FTPS_{name}": "0" for name in ("PORT", "DATA_PORT", "PASSIVE_PORTS")} | {"SFT_FTPS_ENABLED": "true"}

# Keeps a folder and a file inside, and a link to the outside for each, and lets them change places without pause: in
# one step, and in three as programs do that know rename(2) only. What clients took away or moved is made again.
SWAPPER = """
import ctypes, os, shutil, signal, sys
root, outside = sys.argv[1:]
libc, here = ctypes.CDLL(None), -100
pairs = [("d", "d.link", outside), ("deep/e", "deep/e.link", outside), ("f", "f.link", outside + "/secret")]
def make(name, to):
    path = root + "/" + name
    if name.endswith(".link"):
        os.symlink(to, path)
    elif name == "f":
        open(path, "xb").write(b"inside")
    else:
        os.makedirs(path + "/sub/below")
        open(path + "/secret", "xb").write(b"inside")
def mend(one, other, to):
    for name in (one, other):
        try:
            os.makedirs(os.path.dirname(root + "/" + name), exist_ok=True)
            if not os.path.lexists(root + "/" + name):
                make(name, to)
        except OSError:
            pass
swaps, going = 0, True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
for pair in pairs:
    mend(*pair)
print("swapping", flush=True)
while going:
    for one, other, to in pairs:
        a, b, c = (os.fsencode(root + "/" + name) for name in (one, other, one + ".away"))
        if libc.renameat2(here, a, here, b, 2) != 0:
            mend(one, other, to)
            continue
        swaps += 1
        try:
            os.rename(a, c); os.rename(b, a); os.rename(c, b)
            swaps += 1
        except OSError:
            mend(one, other, to)
print(swaps, flush=True)
"""


@contextmanager
def _swapping(root: Path, outside: Path, seen: Counter[str]) -> Iterator[None]:
    command = [sys.executable, "-c", SWAPPER, str(root), str(outside)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as swapper:
        assert swapper.stdout is not None
        assert swapper.stdout.readline() == "swapping\n"
        try:
            yield
            assert swapper.poll() is None, "it swapped to the end"
        finally:
            swapper.send_signal(signal.SIGTERM)
            seen["swaps"] = int(swapper.stdout.readline() or 0)


def prove_races(folder: Path, *, races: int, seed: int) -> str:
    """Another program swaps folders and files for links that lead out, while clients do all that they can."""
    root, outside = folder / "drive", folder / "outside"
    (outside / "sub" / "below").mkdir(parents=True)
    root.mkdir()
    for name in ("secret", MARK, "sub/kept", "sub/below/kept"):
        (outside / name).write_bytes(SECRET)
    before = _picture(outside)
    seen: Counter[str] = Counter()
    (folder / "services").mkdir()
    world = SharingWorld(folder / "services")
    world.mounts.mount("drive", str(root), to=["bob"], rights=Rights.ALL)
    server = ServerProcess(folder / "data", env=_FTPS)
    server.add_user(USER, PASSWORD)
    server.sft("mount-folder", "drive", str(root), "--to", USER, "--rights", "editor")
    try:
        with server:
            sample = max(20, races // 20)
            work = [
                threading.Thread(target=_by_services, args=(world, seed + n, races // THREADS, seen))
                for n in range(THREADS)
            ]
            work.append(threading.Thread(target=_by_https, args=(server, seed, sample, seen)))
            work.append(threading.Thread(target=_by_ftps, args=(server, seed, sample, seen)))
            with _swapping(root, outside, seen):
                for each in work:
                    each.start()
                for each in work:
                    each.join()
    finally:
        world.close()
    for what, count in sorted(seen.items()):
        say(f"{what}: {count}")
    _judge(seen, before, root, outside)
    done = sum(count for what, count in seen.items() if what.endswith(" done"))
    tried = sum(count for what, count in seen.items() if what.count(" ") == 2)
    return (
        f"{tried} races against {seen['swaps']} swaps ({done} of them done): no byte came from outside, none went there"
    )


def _judge(seen: Counter[str], before: dict[str, object], root: Path, outside: Path) -> None:
    assert not seen["escapes"], f"{seen['escapes']} escapes"
    assert not seen["internal-errors"], f"{seen['internal-errors']} internal errors"
    assert _picture(outside) == before, "something was written outside"
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET not in path.read_bytes(), f"{path} holds the secret"
    doors = {what.split()[0] for what in seen if what.endswith(" done")}
    assert doors == {"services", "https", "ftps"}, f"no work was done by {doors}"
    verbs = {what.split()[1] for what in seen if " " in what}
    for verb in verbs:
        tried = sum(count for what, count in seen.items() if what.split()[1:2] == [verb])
        assert tried < ENOUGH or any(seen[f"{door} {verb} done"] for door in doors), f"{verb} was never done"
    assert any(count for what, count in seen.items() if what.endswith("not_found")), "no link was ever met"


def _picture(place: Path) -> dict[str, object]:
    """Everything below a folder: kind, content, and when it changed."""
    return {
        str(each): (each.stat().st_mtime_ns, each.stat().st_ctime_ns, each.read_bytes() if each.is_file() else None)
        for each in (place, *place.rglob("*"))
    }


def _by_services(world: SharingWorld, seed: int, races: int, seen: Counter[str]) -> None:
    """A thread with a random order of its own."""
    choose, files, bob = random.Random(seed), world.files, world.who["bob"]  # noqa: S311 - to be repeated

    def at(name: str) -> RemotePath:
        return RemotePath.parse(f"/Drives/drive/{name}")

    def read(name: str) -> None:
        content = files.open(bob, at(name))
        try:
            _look(b"".join(content.chunks(0, content.entry.size)), seen)
        finally:
            content.close()

    def write(name: str) -> None:
        draft = files.draft(bob, at(name))
        try:
            draft.append(b"written")
            draft.commit(conflict=Conflict.OVERWRITE)
        finally:
            draft.abort()

    def look(name: str) -> None:
        names = [entry.name for entry in files.list(bob, at(name)).entries]
        seen["escapes"] += MARK in names

    for number in range(races):
        top = choose.choice(("d", "deep/e"))
        new = f"{top}/new-{seed}-{choose.randrange(20)}"
        verbs: dict[str, Callable[[], object]] = {
            "list": lambda top=top: look(top),  # type: ignore[misc]
            "stat": lambda top=top: files.stat(bob, at(f"{top}/secret")),  # type: ignore[misc]
            "read": lambda top=top: read(choose.choice(("f", f"{top}/secret"))),  # type: ignore[misc]
            "write": lambda top=top: write(choose.choice(("f", f"{top}/secret"))),  # type: ignore[misc]
            "create": lambda new=new: write(new),  # type: ignore[misc]
            "make": lambda new=new: files.make_folder(bob, at(f"{new}-a/b"), parents=True),  # type: ignore[misc]
            "rename": lambda top=top, new=new: files.move(bob, at(f"{top}/secret"), at(new)),  # type: ignore[misc]
            "back": lambda top=top, new=new: files.move(bob, at(new), at(f"{top}/secret"), conflict=Conflict.OVERWRITE),  # type: ignore[misc]
            "copy": lambda top=top, new=new: files.copy(bob, at(top), at(f"copy-{new.replace('/', '-')}")),  # type: ignore[misc]
            "touch": lambda top=top: files.set_modified(bob, at(f"{top}/secret"), TimeUs(1)),  # type: ignore[misc]
            "away": lambda top=top: files.move(bob, at(top), at(f"moved-{seed}"), conflict=Conflict.RENAME),  # type: ignore[misc]
            "remove": lambda top=top, new=new: files.remove(  # type: ignore[misc]
                bob,
                at(
                    choose.choice(
                        ("f", new, f"{new}-a", f"copy-{new.replace('/', '-')}", f"moved-{seed}", f"{top}/sub")
                    )
                ),
                recursive=True,
            ),
        }
        verb = list(verbs)[number % len(verbs)]
        try:
            verbs[verb]()
            seen[f"services {verb} done"] += 1
        except SecureFileTransferError as error:
            seen[f"services {verb} {error.code}"] += 1


def _look(got: bytes, seen: Counter[str]) -> None:
    if SECRET in got or MARK.encode() in got:
        seen["escapes"] += 1


def _by_https(server: ServerProcess, seed: int, races: int, seen: Counter[str]) -> None:
    caller, choose = Caller(server), random.Random(seed)  # noqa: S311 - to be repeated
    drive = "/Drives/drive"
    for number in range(races):
        new = f"d/https-{choose.randrange(10)}"
        move = json.dumps({"source": f"{drive}/d/secret", "target": f"{drive}/{new}"})
        asks: dict[str, tuple[str, str, str | bytes | None]] = {
            "read": ("GET", f"files{drive}/{choose.choice(('f', 'd/secret'))}", None),
            "list": ("GET", f"folders{drive}/d", None),
            "write": ("PUT", f"files{drive}/{choose.choice(('f', 'd/secret'))}", b"written"),
            "create": ("PUT", f"files{drive}/{new}", b"written"),
            "make": ("PUT", f"folders{drive}/{new}-a", None),
            "zip": ("GET", f"zip?path={quote(f'{drive}/d')}", None),
            "rename": ("POST", "move", move),
            "remove": ("DELETE", f"entries{drive}/{new}", None),
        }
        verb = list(asks)[number % len(asks)]
        method, path, body = asks[verb]
        headers = {**caller.headers(), **({"Content-Type": "application/json"} if method == "POST" else {})}
        try:
            status, answer = caller.call(method, f"/api/v1/{path}", body, headers)
        except (http.client.HTTPException, OSError):
            seen[f"https {verb} cut"] += 1
            continue
        _look(answer, seen)
        seen["internal-errors"] += status == http.client.INTERNAL_SERVER_ERROR
        said = (
            "done"
            if status < http.client.BAD_REQUEST
            else "not_found"
            if status == http.client.NOT_FOUND
            else str(status)
        )
        seen[f"https {verb} {said}"] += 1


def _by_ftps(server: ServerProcess, seed: int, races: int, seen: Counter[str]) -> None:
    choose = random.Random(seed + 1)  # noqa: S311 - to be repeated
    site = FtpsSite(server.ftps_port, USER, PASSWORD, server.cafile)
    wire = FtpsWire.signed_in(site)
    for number in range(races):
        verb = FTPS_VERBS[number % len(FTPS_VERBS)]
        new = f"/Drives/drive/d/ftps-{choose.randrange(10)}"
        try:
            _ftps_act(wire, verb, choose.choice(("/Drives/drive/f", "/Drives/drive/d/secret")), new, seen)
            seen[f"ftps {verb} done"] += 1
        except AssertionError:
            seen[f"ftps {verb} refused"] += 1
        except (HungUpError, OSError):
            seen[f"ftps {verb} cut"] += 1
            wire.close()
            wire = FtpsWire.signed_in(site)
    wire.close()


FTPS_VERBS = ("read", "list", "write", "create", "make", "remove")


def _ftps_act(wire: FtpsWire, verb: str, one: str, new: str, seen: Counter[str]) -> None:
    if verb == "read":
        _look(wire.fetch(f"RETR {one}"), seen)
    elif verb == "list":
        _look(wire.fetch("MLSD /Drives/drive/d"), seen)
    elif verb in {"write", "create"}:
        wire.store(f"STOR {one if verb == 'write' else new}", b"written")
    else:
        wire.ask(*((f"MKD {new}-a", 257) if verb == "make" else (f"DELE {new}", 250)))


# --- a large folder -------------------------------------------------------------------------------------------------


def prove_large(folder: Path, *, files: int) -> str:
    """A folder of the disk with many files: listed whole over HTTPS in every order, and what a page takes."""
    root = folder / "drive"
    root.mkdir()
    wanted = set()
    for number in range(files):
        name = f"{'Été' if number % 7 else 'file'} {number:06}.txt"
        (root / name).write_bytes(bytes(number % 50))
        wanted.add(name)
    server = ServerProcess(folder / "data")
    server.add_user(USER, PASSWORD)
    server.sft("mount-folder", "large", str(root), "--to", USER)
    seconds: list[float] = []
    with server:
        caller = Caller(server)
        server.forget_peak()
        idle = server.memory()
        for sort in SortKey:
            for order in ("asc", "desc"):
                found = _whole(caller, sort, order, seconds)
                assert len(found) == len(wanted), f"{sort} {order}: {len(found)} of {len(wanted)}"
                assert set(found) == wanted, f"{sort} {order}: not the same names"
        memory = server.peak_memory() - idle
    seconds.sort()
    p50, p99 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    return (
        f"{files} files, complete in 6 orders, {len(seconds)} pages of {PAGE}: median {p50 * 1000:.0f} ms, "
        f"p99 {p99 * 1000:.0f} ms; {memory >> 20} MiB of memory above idle"
    )


PAGE = 1000


def _whole(caller: Caller, sort: SortKey, order: str, seconds: list[float]) -> list[str]:
    """All names, by pages."""
    found: list[str] = []
    connection = caller.connect()
    cursor = ""
    while True:
        begin = time.perf_counter()
        path = f"/api/v1/folders/Drives/large?sort={sort.value}&order={order}&limit={PAGE}{cursor}"
        connection.request("GET", path, headers=caller.headers())
        answer = json.loads(connection.getresponse().read())
        seconds.append(time.perf_counter() - begin)
        found += [entry["name"] for entry in answer["entries"]]
        if answer["cursor"] is None:
            connection.close()
            return found
        cursor = f"&cursor={answer['cursor']}"
