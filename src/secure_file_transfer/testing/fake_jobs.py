"""The jobs of a fake server: as a test says them, one step further each time somebody looks."""

from typing import Any

from aiohttp import web

from secure_file_transfer.errors import ConflictError, NotFoundError, SecureFileTransferError

_ENDED = {"done", "failed", "cancelled", "interrupted"}
_NEW: dict[str, Any] = {
    "owner": "mona",
    "state": "waiting",
    "percent": 0,
    "size": 0,
    "size_total": None,
    "items": 0,
    "items_total": None,
    "rate": 0,
    "eta": None,
    "message": "",
    "result": None,
    "error": None,
    "created": "2026-11-21T09:30:00.000000Z",
    "started": None,
    "ended": None,
}


class FakeJobs:
    """`steps` is what becomes of every job: each look at one takes the next of them, and stays at the last."""

    def __init__(self) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.steps: list[dict[str, Any] | SecureFileTransferError] = []

    def add(self, kind: str, what: dict[str, Any], **values: Any) -> int:
        """One more job; its number."""
        number = len(self.jobs) + 1
        self.jobs[number] = {**_NEW, "id": number, "kind": kind, "what": what, **values}
        return number

    async def answer(self, request: web.Request) -> web.Response:
        """Any request for `/api/v1/jobs`."""
        _, number, act = [*request.path.removeprefix("/api/v1/").split("/"), "", ""][:3]
        if not number:
            if request.method == "GET":
                return web.json_response({"jobs": list(reversed(self.jobs.values()))})
            what = await request.json()
            return web.json_response(self.jobs[self.add(what.pop("kind"), what)], status=202)
        if int(number) not in self.jobs:
            raise NotFoundError(f"There is no job {number}")
        job = self.jobs[int(number)]
        if request.method == "DELETE":
            if job["state"] not in _ENDED:
                raise ConflictError(f"Job {number} has not ended")
            del self.jobs[int(number)]
            return web.Response(status=204)
        if act == "cancel" and job["state"] not in _ENDED:
            job["state"] = "cancelling"
        elif not act and self.steps:
            step = self.steps.pop(0)
            if isinstance(step, SecureFileTransferError):
                raise step
            job.update(step)
        return web.json_response(job)
