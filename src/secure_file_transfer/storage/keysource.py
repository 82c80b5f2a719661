"""Where the master key comes from: a file in the keys directory, the environment, or a passphrase.

Secrets are never taken from the command line or a URL, and no error repeats one.
"""

import getpass
import json
import os
import secrets
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from secure_file_transfer.errors import ConfigurationError, ConflictError, WeakPasswordError, disk_errors
from secure_file_transfer.ports import KeySource
from secure_file_transfer.seal.keys import SALT_SIZE, MasterKey, PassphraseParams

from . import platform
from .durable import temp_name, write_file

KEY_VARIABLE = "SFT_MASTER_KEY"
"""The variable that holds the master key; with `_NEXT` behind it, the one to rotate to."""
PASSPHRASE_VARIABLE = "SFT_PASSPHRASE_FILE"  # noqa: S105 - the name of a variable
"""The variable that names the file with the passphrase, or `-` to be asked; `_NEXT` as above."""
PASSPHRASE_MIN = 12
"""Characters. Whoever copies the data directory can guess for years; Argon2id only makes each guess dear."""

_NEXT = "_NEXT"
_FILE_MAX = 4096  # bytes; a key file has 70, and nobody types a longer passphrase
_OTHERS = 0o077


class FileKeySource:
    """`master.key` in the keys directory: one line of text, readable by its owner alone. The default."""

    def __init__(self, keys_dir: Path) -> None:
        self._file = _KeyFile(keys_dir / "master.key")

    @property
    def describes(self) -> str:
        """Its path."""
        return str(self._file.path)

    def candidates(self) -> Sequence[MasterKey]:
        """See `ports.KeySource`."""
        return [self._parse(path, text) for path, text in self._file.read()]

    def create(self) -> MasterKey:
        """Make the file. Raises ConfigurationError when there is one already; it is never overwritten."""
        key = MasterKey.generate()
        self._file.create(key.to_text() + "\n")
        return key

    def rotation(self) -> AbstractContextManager[None]:
        """See `ports.KeySource`."""
        return self._file.exclusive()

    def stage(self) -> MasterKey:
        """Write `master.key.next`."""
        key = MasterKey.generate()
        self._file.stage(key.to_text() + "\n")
        return key

    def promote(self) -> None:
        """Rename it over `master.key`."""
        self._file.promote()

    @staticmethod
    def _parse(path: Path, text: str) -> MasterKey:
        try:
            return MasterKey.from_text(text)
        except ConfigurationError as error:
            raise ConfigurationError(f"{path} cannot be used. {error}", hint=error.hint) from None


class EnvKeySource:
    """An environment variable that a secret manager sets.

    It stays in the environment: a server that is started a second time in the same process needs it again.
    """

    def __init__(self, name: str = KEY_VARIABLE, environ: MutableMapping[str, str] | None = None) -> None:
        self._name = name
        self._environ = os.environ if environ is None else environ

    @property
    def describes(self) -> str:
        """The name of the variable."""
        return f"the environment variable {self._name}"

    def candidates(self) -> Sequence[MasterKey]:
        """See `ports.KeySource`."""
        names = [name for name in (self._name, self._name + _NEXT) if name in self._environ]
        return [self._read(name) for name in names]

    def create(self) -> MasterKey:
        """Refuse: a key that this process made up would be lost with it."""
        raise self._missing(self._name)

    def rotation(self) -> AbstractContextManager[None]:
        """Nothing is shared: each process has its own environment."""
        return nullcontext()

    def stage(self) -> MasterKey:
        """The key that the operator put into the variable ending in `_NEXT`."""
        if self._name + _NEXT not in self._environ:
            raise self._missing(self._name + _NEXT)
        return self._read(self._name + _NEXT)

    def promote(self) -> None:
        """Let the next key take its place, in this process.

        The operator does the same where the variables are set, at leisure: until then each start finds the right one.
        """
        if self._name + _NEXT in self._environ:
            self._environ[self._name] = self._environ.pop(self._name + _NEXT)

    def _read(self, name: str) -> MasterKey:
        try:
            return MasterKey.from_text(self._environ[name])
        except ConfigurationError as error:
            raise ConfigurationError(f"{name} cannot be used. {error}", hint=error.hint) from None

    def _missing(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            f"The environment variable {name} is not set",
            hint="Set it to a master key; docs/seal-format.md shows how to make one.",
        )


class PassphraseKeySource:
    """A passphrase through Argon2id. `master.json` keeps what is public about it: the salt and the costs.

    The passphrase is asked for once in the life of this object, and not kept; the keys are.
    """

    def __init__(
        self,
        keys_dir: Path,
        ask: Callable[[], str],
        ask_new: Callable[[], str],
        params: PassphraseParams | None = None,
    ) -> None:
        self._file = _KeyFile(keys_dir / "master.json")
        self._ask = ask
        self._ask_new = ask_new
        self._asked = False
        self._params = params or PassphraseParams()
        self._keys: dict[str, MasterKey] = {}
        """By the text of the file they belong to."""

    @property
    def describes(self) -> str:
        """The file that belongs to the passphrase."""
        return f"the passphrase for {self._file.path}"

    def candidates(self) -> Sequence[MasterKey]:
        """See `ports.KeySource`. After an interrupted rotation either passphrase may be given."""
        recipes = [(text, self._parse(path, text)) for path, text in self._file.read()]
        unknown = [(text, recipe) for text, recipe in recipes if text not in self._keys]
        if unknown and not self._asked:
            passphrase = self._ask()
            self._asked = True
            self._keys |= {text: MasterKey.from_passphrase(passphrase, *recipe) for text, recipe in unknown}
        # A recipe that came later belongs to a rotation by another process: a restart will ask for its passphrase.
        return [self._keys[text] for text, _ in recipes if text in self._keys]

    def create(self) -> MasterKey:
        """Ask for a new passphrase. Raises WeakPasswordError, or ConfigurationError when there is one already."""
        return self._make(self._file.create)

    def rotation(self) -> AbstractContextManager[None]:
        """See `ports.KeySource`."""
        return self._file.exclusive()

    def stage(self) -> MasterKey:
        """Ask for the next passphrase. Raises WeakPasswordError."""
        return self._make(self._file.stage)

    def promote(self) -> None:
        """Rename `master.json.next` over `master.json`."""
        self._file.promote()

    def _make(self, keep: Callable[[str], None]) -> MasterKey:
        passphrase = self._ask_new()
        if len(unicodedata.normalize("NFC", passphrase)) < PASSPHRASE_MIN:
            raise WeakPasswordError(
                f"The passphrase is shorter than {PASSPHRASE_MIN} characters", hint="Several random words are good."
            )
        salt, params = secrets.token_bytes(SALT_SIZE), self._params
        recipe = {"format": 1, "salt": salt.hex(), **{name: getattr(params, name) for name in _COSTS}}
        text = json.dumps(recipe) + "\n"
        key = MasterKey.from_passphrase(passphrase, salt, params)
        keep(text)
        self._keys[text] = key
        return key

    @staticmethod
    def _parse(path: Path, text: str) -> tuple[bytes, PassphraseParams]:
        """The salt and the costs in a file; strict, since a wrong value would make a wrong key."""
        try:
            recipe = json.loads(text)
            if set(recipe) != {"format", "salt", *_COSTS} or recipe["format"] != 1:
                raise ValueError("unknown fields")
            costs = {name: recipe[name] for name in _COSTS}
            if not all(type(cost) is int for cost in costs.values()):
                raise ValueError("a cost is not a number")
            salt = bytes.fromhex(recipe["salt"])
            if len(salt) != SALT_SIZE:
                raise ValueError("wrong salt size")
            return salt, PassphraseParams(**costs)
        except (ValueError, TypeError, RecursionError, ConfigurationError):
            raise ConfigurationError(f"{path} is damaged", hint="Restore it from a backup.") from None


_COSTS = ("memory_kib", "passes", "lanes")


class _KeyFile:
    """A small private file with a successor beside it: created once, replaced only by `stage` and `promote`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(path.name + ".next")

    def read(self) -> list[tuple[Path, str]]:
        """The file in use, then the staged one, as far as they are there: path and text."""
        found = [(path, text) for path in (self.path, self._next) if (text := _read_private(path)) is not None]
        if found and found[0][0] != self.path:
            raise ConfigurationError(
                f"{self.path} is missing, but {self._next} is there",
                hint="Put the missing file back; if there is no copy, rename the other one to it and start again.",
            )
        return found

    def create(self, text: str) -> None:
        """Write the first one: durable, private from its first byte, and never over another."""
        temp = self.path.with_name(temp_name())
        try:
            write_file(temp, text.encode())
            with disk_errors(f"creating {self.path}"):
                try:
                    os.link(temp, self.path)  # as exclusive as O_EXCL, and never half written
                except FileExistsError:
                    raise ConfigurationError(
                        f"{self.path} is there already", hint="Start again to use it; it is never overwritten."
                    ) from None
                platform.sync_directory(self.path.parent)
        finally:
            with suppress(OSError):
                temp.unlink()

    def stage(self, text: str) -> None:
        """Write the successor."""
        write_file(self._next, text.encode())

    def promote(self) -> None:
        """Let the successor take its place, durably."""
        with disk_errors(f"replacing {self.path}"):
            with suppress(FileNotFoundError):  # done already, by whoever met the interrupted rotation first
                self._next.replace(self.path)
            platform.sync_directory(self.path.parent)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other process from staging or promoting; ends with the process at the latest."""
        with disk_errors(f"locking {self.path}"):
            lock = self.path.with_name("rotation.lock")
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | platform.NO_FOLLOW, 0o600)
        try:
            with disk_errors(f"locking {self.path}"):
                mine = platform.try_lock(handle)
            if not mine:
                raise ConflictError(
                    "The master key is being rotated by another process", hint="Wait a moment and try again."
                )
            yield
        finally:
            os.close(handle)


def _read_private(path: Path) -> str | None:
    """The text of a small file that only its owner can read; None when there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", hint="The server's user must own it."
        ) from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{path} is not a file", hint="Move it away, and put the key file back.")
        if os.name == "posix" and stat.S_IMODE(mode) & _OTHERS:
            raise ConfigurationError(
                f"{path} can be used by others than its owner",
                hint=f"chmod 600 {path}, and rotate the master key if somebody may have read it.",
            )
        with disk_errors(f"reading {path}"):
            return _text(path, os.read(handle, _FILE_MAX + 1))
    finally:
        os.close(handle)


def _text(path: Path, data: bytes) -> str:
    try:
        if len(data) <= _FILE_MAX:
            return data.decode()
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(f"{path} is not a short text in UTF-8", hint="Is that the right file?")


def ask_terminal(prompt: str) -> str:
    """Ask a person, without showing what is typed.

    Raises:
        ConfigurationError: there is nobody to ask.
    """
    if not sys.stdin or not sys.stdin.isatty():
        raise ConfigurationError(
            "The master key needs its passphrase, and there is no terminal to ask at",
            hint=f"Set {PASSPHRASE_VARIABLE} to the path of a file that holds it.",
        )
    return getpass.getpass(prompt)


def choose_key_source(
    keys_dir: Path,
    environ: MutableMapping[str, str] | None = None,
    ask: Callable[[str], str] = ask_terminal,
) -> KeySource:
    """The source that this server uses.

    1. `SFT_MASTER_KEY` is set: that variable.
    2. `SFT_PASSPHRASE_FILE` is set, or an earlier start left `master.json`: a passphrase; from that file (`/dev/fd/3`
       will do), or asked for when it is `-` or not set.
    3. Otherwise the file `master.key`, made on the first start.

    Raises:
        ConfigurationError: a passphrase is given, and the keys directory already has a `master.key`.
    """
    environ = os.environ if environ is None else environ
    if KEY_VARIABLE in environ:
        return EnvKeySource(KEY_VARIABLE, environ)
    with_passphrase = (keys_dir / "master.json").exists()
    if not with_passphrase and PASSPHRASE_VARIABLE not in environ:
        return FileKeySource(keys_dir)
    if not with_passphrase and (keys_dir / "master.key").exists():
        raise ConfigurationError(
            f"{PASSPHRASE_VARIABLE} is set, but this server's master key is the file {keys_dir / 'master.key'}",
            hint=f"Unset {PASSPHRASE_VARIABLE}.",
        )

    def current() -> str:
        return _given(environ.get(PASSPHRASE_VARIABLE, "-")) or ask("Passphrase of the master key: ")

    def new() -> str:
        # On the first start the passphrase in the variable is the new one; later that is the one in use.
        name = PASSPHRASE_VARIABLE + (_NEXT if (keys_dir / "master.json").exists() else "")
        return _given(environ.get(name, "-")) or _ask_twice(ask)

    return PassphraseKeySource(keys_dir, current, new)


def _given(file: str) -> str | None:
    """The passphrase in a file, without its line end; None for `-`."""
    if file == "-":
        return None
    try:
        with Path(file).open("rb") as handle:
            data = handle.read(_FILE_MAX + 1)
    except OSError as error:
        raise ConfigurationError(f"The passphrase file {file} cannot be read: {error.strerror}") from None
    passphrase = _text(Path(file), data).removesuffix("\n").removesuffix("\r")
    if not passphrase:
        raise ConfigurationError(f"The passphrase file {file} is empty")
    return passphrase


def _ask_twice(ask: Callable[[str], str]) -> str:
    passphrase = ask("New passphrase of the master key: ")
    if ask("The same again: ") != passphrase:
        raise ConfigurationError("The two passphrases differ; nothing was changed", hint="Try again.")
    return passphrase
