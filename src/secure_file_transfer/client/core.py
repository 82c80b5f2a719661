"""The asynchronous client: the requests of the protocol, and transfers between its server and this computer."""

from collections.abc import Sequence
from pathlib import Path

from ..model import Conflict
from . import receiving, sending
from .devices import DeviceRequests
from .many import OnResult, Transferred
from .progress import OnProgress
from .receiving import Received
from .wire import Written


class AsyncClient(DeviceRequests):
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
    or `newer` (replace only what is older than the file to transfer).
    """

    async def send_file(
        self,
        local: str | Path,
        remote: str | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        parents: bool = False,
        priority: int = 0,
        on_progress: OnProgress | None = None,
    ) -> Written:
        """Send one file with its modification time, verified by SHA-256.

        Blocks of it that the server has from an earlier version, or from an earlier try, are not sent again.

        `remote` is its new path; a folder, or a path that ends with `/`, receives it under its own name. Default: the
        top of the tree. `parents` makes missing folders on the way. Of several calls at once, blocks of the one with
        the lower `priority` go first, and equal ones in order of arrival.

        Raises:
            SourceChangedError: it changed while it was read; nothing was published.
            DigestMismatchError, NoSpaceError, QuotaExceededError, NotFoundError, ForbiddenError, ...
        """
        return await sending.send_file(
            self, local, remote, conflict=conflict, parents=parents, priority=priority, on_progress=on_progress
        )

    async def send_files_in_parallel(
        self,
        files: Sequence[str | Path],
        remote_dir: str = "/",
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Send files into one folder, as many at once as there are connections. See the class for failures.

        Raises:
            InvalidRequestError: two of them have the same name.
            The first failure, once all were tried.
        """
        return await sending.send_files(
            self, files, remote_dir, conflict=conflict, on_progress=on_progress, on_result=on_result, check=check
        )

    async def send_tree(
        self,
        local_dir: str | Path,
        remote_dir: str | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
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
        return await sending.send_tree(
            self, local_dir, remote_dir, conflict=conflict, on_progress=on_progress, on_result=on_result, check=check
        )

    async def receive_file(
        self,
        remote: str,
        local: str | Path | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
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
        return await receiving.receive_file(self, remote, local, conflict=conflict, on_progress=on_progress)

    async def receive_files_in_parallel(
        self,
        files: Sequence[str],
        local_dir: str | Path = ".",
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        on_progress: OnProgress | None = None,
        on_result: OnResult | None = None,
        check: bool = True,
    ) -> list[Transferred]:
        """Receive files into one folder, which is made if it is missing. See the class for failures.

        Raises:
            InvalidRequestError: two of them have the same name.
            The first failure, once all were tried.
        """
        return await receiving.receive_files(
            self, files, local_dir, conflict=conflict, on_progress=on_progress, on_result=on_result, check=check
        )

    async def receive_tree(
        self,
        remote_dir: str,
        local_dir: str | Path | None = None,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
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
        return await receiving.receive_tree(
            self, remote_dir, local_dir, conflict=conflict, on_progress=on_progress, on_result=on_result, check=check
        )
