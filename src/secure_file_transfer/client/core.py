"""The asynchronous client: the requests of the protocol, and transfers between its server and this computer."""

from collections.abc import Sequence
from pathlib import Path

from ..model import Compression, Conflict
from . import receiving, sending, syncing, watching
from .account import AccountApi
from .chat import Chatting
from .control import TransferControl
from .devices import DeviceRequests
from .events import Live
from .how import LEVEL, How
from .jobs import JobRequests
from .kept import KeptRequests
from .links import Linking
from .log import LogApi
from .many import OnResult, Transferred
from .operations import OperationsApi
from .people import PeopleRequests
from .presence import PresenceRequests
from .progress import OnProgress
from .receiving import Received
from .sharing import Sharing
from .syncing import OnPlan, Synced
from .tokens import TokenApi
from .watching import OnWatch
from .wire import Written


class AsyncClient(
    AccountApi,
    DeviceRequests,
    PeopleRequests,
    PresenceRequests,
    Sharing,
    Linking,
    KeptRequests,
    TokenApi,
    LogApi,
    Chatting,
    JobRequests,
    OperationsApi,
    Live,
):
    """One server, seen by one account, for asyncio programs.

    ```python
    async with AsyncClient("nas.example", cafile="ca.pem", username="mona", password=secret) as client:
        await client.send_file("report.pdf", "/reports/")
    ```

    Use it within one event loop. All its errors are `SecureFileTransferError`s; those of the way to the server are
    `UnreachableError`, `CertificateError`, `TimedOutError`, `InterruptedTransferError` and
    `ProtocolViolationError`, and any method may raise them.

    Methods that move many files try every item. They return one `Transferred` for each, in order, and then raise
    the first failure with the number of failures in its message; with `check=False` they raise nothing for an item
    and the failures are in the results. `on_result` hears of each item when it is finished.

    `conflict` decides about a name that is taken: `overwrite` (the default), `skip`, `rename` (`report (1).pdf`),
    `newer` (replace only what is older than the file to transfer), or `resume` (leave alone what has the same content,
    complete anything else with what it lacks).

    Uploads may be made smaller on their way: `compress` is `auto` (with zstd, where that shrinks the content and is
    faster than sending it as it is), `zstd`, `gzip` or `none`, with a `level` from 1 (fast) to 9 (small). It says
    nothing to servers that take files only whole.

    With `read_back`, the server sends every file back once it is stored, and it is compared with what was sent, block
    by block and as a whole. The result says so, and each byte counts twice in the progress.

    Of what waits at the same time, here and at the server, the transfer with the lower `priority` goes first (3 unless
    you say otherwise), and equal ones in order of arrival. `control` is a `TransferControl`, with which any thread can
    pause, resume or cancel the transfer, or change its priority; cancelling raises `CancelledTransferError` here.
    """

    async def send_file(
        self,
        local: str | Path,
        remote: str | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        parents: bool = False,
        priority: int | None = None,
        control: TransferControl | None = None,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Written:
        """Send one file with its modification time, verified by SHA-256.

        Blocks of it that the server has from an earlier version, or from an earlier try, are not sent again.

        `remote` is its new path; a folder, or a path that ends with `/`, receives it under its own name. Default: the
        top of the tree. `parents` makes missing folders on the way.

        Raises:
            SourceChangedError: it changed while it was read; nothing was published. Or, with `read_back`, afterwards.
            DigestMismatchError, BlockDamagedError: with `read_back` also, that what was stored is not what was sent.
            NoSpaceError, QuotaExceededError, NotFoundError, ForbiddenError, ...
        """
        how = How.asked(
            conflict=conflict,
            parents=parents,
            priority=priority,
            control=control,
            compress=compress,
            level=level,
            read_back=read_back,
        )
        return await self._steered(how, sending.send_file(self, local, remote, how, on_progress=on_progress))

    async def send_files_in_parallel(
        self,
        files: Sequence[str | Path],
        remote_dir: str = "/",
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        priority: int | None = None,
        control: TransferControl | None = None,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Send files into one folder, as many at once as there are connections. See the class for failures.

        Raises:
            InvalidRequestError: two of them have the same name.
            The first failure, once all were tried.
        """
        how = How.asked(
            conflict=conflict, priority=priority, control=control, compress=compress, level=level, read_back=read_back
        )
        return await self._steered(
            how,
            sending.send_files(self, files, remote_dir, how, on_progress=on_progress, on_result=on_result, check=check),
        )

    async def send_tree(
        self,
        local_dir: str | Path,
        remote_dir: str | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        priority: int | None = None,
        control: TransferControl | None = None,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Send what a folder holds, empty folders too, to `remote_dir`, which is made if it is missing.

        `remote_dir` is the counterpart of `local_dir`; one that ends with `/` receives it under its own name, and so
        does the top of the tree by default (`"/"` itself means: without the folder's own name). Symbolic links
        and devices are reported as skipped. Names become Unicode normal form C.

        Raises:
            NotFoundError, NotAFolderError: there is no such local folder.
            The first failure, once all were tried.
        """
        how = How.asked(
            conflict=conflict, priority=priority, control=control, compress=compress, level=level, read_back=read_back
        )
        return await self._steered(
            how,
            sending.send_tree(
                self, local_dir, remote_dir, how, on_progress=on_progress, on_result=on_result, check=check
            ),
        )

    async def receive_file(
        self,
        remote: str,
        local: str | Path | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        priority: int | None = None,
        control: TransferControl | None = None,
        on_progress: OnProgress | None = None,
    ) -> Received:
        """Receive one file with its modification time. It appears under its name whole and verified, or not at all.

        Blocks that the file there, or an earlier try that failed on the way, has already are not fetched again.

        `local` is its new path; a folder, or a text that ends with a separator, receives it under its own name.
        Default: the working directory.

        Raises:
            NotFoundError, IsAFolderError: what is (not) on the server.
            DigestMismatchError, LengthMismatchError, BlockDamagedError: it did not arrive as it was.
            NoSpaceError, ForbiddenError, ...: this computer does not take it.
        """
        how = How.asked(conflict=conflict, priority=priority, control=control)
        return await self._steered(how, receiving.receive_file(self, remote, local, how, on_progress=on_progress))

    async def receive_files_in_parallel(
        self,
        files: Sequence[str],
        local_dir: str | Path = ".",
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        priority: int | None = None,
        control: TransferControl | None = None,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Receive files into one folder, which is made if it is missing. See the class for failures.

        Raises:
            InvalidRequestError: two of them have the same name.
            The first failure, once all were tried.
        """
        how = How.asked(conflict=conflict, priority=priority, control=control)
        return await self._steered(
            how,
            receiving.receive_files(
                self, files, local_dir, how, on_progress=on_progress, on_result=on_result, check=check
            ),
        )

    async def receive_tree(
        self,
        remote_dir: str,
        local_dir: str | Path | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        priority: int | None = None,
        control: TransferControl | None = None,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Receive what a remote folder holds, empty folders too, into `local_dir`, which is made if it is missing.

        `local_dir` is the counterpart of `remote_dir`; a text that ends with a separator receives it under its own
        name. Default: its own name in the working directory.

        Raises:
            NotFoundError, NotAFolderError: there is no such remote folder.
            ProtocolViolationError: the server names what no honest one would; nothing outside is ever written.
            The first failure, once all were tried.
        """
        how = How.asked(conflict=conflict, priority=priority, control=control)
        return await self._steered(
            how,
            receiving.receive_tree(
                self, remote_dir, local_dir, how, on_progress=on_progress, on_result=on_result, check=check
            ),
        )

    async def sync(
        self,
        source: str | Path,
        target: str | Path,
        *,
        delete: bool = False,
        checksum: bool = False,
        filters: Sequence[str] = (),
        dry_run: bool = False,
        allow_empty: bool = False,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
        priority: int | None = None,
        control: TransferControl | None = None,
        on_plan: OnPlan | None = None,
        on_progress: OnProgress | None = None,
        check: bool = True,
    ) -> Synced:
        """Make the folder `target` like the folder `source`; a text that begins with a colon is a path on the server.

        A file is the same if its size and modification time are, or with `checksum` its size and SHA-256. With
        `delete` what the source does not have is removed, once all the rest was done, and what it has under another
        name is moved. `filters` are `- PATTERN` and `+ PATTERN`; the first that matches a file decides (see
        docs/sync.md). `dry_run` only plans. `on_plan` hears the plan before anything is done.

        Raises:
            InvalidRequestError: both folders are here, or a filter is none.
            NotFoundError, NotAFolderError: there is no such source.
            ConflictError: the source is empty and everything would go, without `allow_empty`.
            The first failure, once all was tried, unless `check` is False.
        """
        how = How.asked(priority=priority, control=control, compress=compress, level=level, read_back=read_back)
        wishes = syncing.wishes_of(filters, how, delete=delete, checksum=checksum, allow_empty=allow_empty)
        return await self._steered(
            how,
            syncing.sync(
                self, source, target, wishes, dry_run=dry_run, on_plan=on_plan, on_progress=on_progress, check=check
            ),
        )

    async def watch(
        self,
        source: str | Path,
        target: str | Path,
        *,
        delete: bool = False,
        checksum: bool = False,
        filters: Sequence[str] = (),
        allow_empty: bool = False,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
        priority: int | None = None,
        control: TransferControl | None = None,
        on_plan: OnPlan | None = None,
        on_progress: OnProgress | None = None,
        on_watch: OnWatch | None = None,
    ) -> None:
        """The same as `sync` from here to the server, and then again for whatever changes here, until it is cancelled.

        A file that is being written is sent when it is quiet. Lost connections and whatever else passes are waited
        for; `on_watch` hears after each round what was done, and what is waited for.

        Raises:
            InvalidRequestError: the source is not here.
            SignInRequiredError, CertificateError, ...: what no waiting mends.
        """
        how = How.asked(priority=priority, control=control, compress=compress, level=level, read_back=read_back)
        wishes = syncing.wishes_of(filters, how, delete=delete, checksum=checksum, allow_empty=allow_empty)
        await self._steered(
            how,
            watching.watch(self, source, target, wishes, on_plan=on_plan, on_progress=on_progress, on_watch=on_watch),
        )
