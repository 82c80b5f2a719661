"""Whose job is next: one line for each account, served in rotation, so that a hundred jobs keep nobody else waiting."""

from collections import Counter, OrderedDict, deque
from threading import Condition

from secure_file_transfer.model import AccountId, JobId


class JobLine:
    """The jobs that wait. Safe for many threads.

    One account has at most `each` of them under way at once. So as long as there are more threads than that, whatever
    one account has begun, there is a thread for the next one.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._changed = Condition()
        self._lines: OrderedDict[AccountId, deque[JobId]] = OrderedDict()
        self._running: Counter[AccountId] = Counter()
        self._closed = False

    def put(self, account_id: AccountId, job_id: JobId) -> None:
        """It waits from now on, behind the others of its account."""
        with self._changed:
            self._lines.setdefault(account_id, deque()).append(job_id)
            self._changed.notify()

    def take(self) -> tuple[AccountId, JobId] | None:
        """The next one, once there is one; None after `close`. `done` must follow."""
        with self._changed:
            while not self._closed:
                for account_id, line in self._lines.items():
                    if self._running[account_id] < self._each:
                        job_id = line.popleft()
                        self._running[account_id] += 1
                        self._lines.move_to_end(account_id)
                        if not line:
                            del self._lines[account_id]
                        return account_id, job_id
                self._changed.wait()
            return None

    def done(self, account_id: AccountId) -> None:
        """One that was taken is over."""
        with self._changed:
            self._running[account_id] -= 1
            if not self._running[account_id]:
                del self._running[account_id]
            self._changed.notify_all()

    def close(self) -> None:
        """Give out no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
