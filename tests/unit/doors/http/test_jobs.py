"""Jobs by HTTP: begun, looked at, cancelled and forgotten, by whom they belong to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.doors.http.jobs import JobOut, JobsOut
from secure_file_transfer.model import MIB, JobId, Role
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.jobs import Jobs

PASSWORD = "a long enough word to say"
API = "/api/v1"
JOBS = f"{API}/jobs"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(load(data_dir=tmp_path_factory.mktemp("jobs") / "data"))
    for name, role in (("ada", Role.ADMIN), ("bob", Role.USER), ("cyn", Role.USER)):
        house.accounts.create(name, PASSWORD, role)
    yield house
    house.close()


@pytest.fixture
def jobs(real: House) -> Iterator[Jobs]:
    """The service of a server whose threads do nothing by themselves. What was begun is forgotten after each test."""
    yield real.jobs(
        lambda view: Access(lambda drive: view(real.vaults.tree(drive)), real.catalog, real.clock), lambda: None
    )
    for job in real.catalog.read(lambda tx: tx.jobs.of(None, 100)):
        real.catalog.write(lambda tx, job=job: tx.jobs.delete(job.id))  # type: ignore[misc]


@pytest.fixture
def ask(real: House, jobs: Jobs, call: Any) -> Iterator[Callable[..., Any]]:
    files = Files(Access(real.vaults.tree, real.catalog, real.clock), real.credentials.check)
    app: HttpApp = build_app(
        HttpServices(
            files=files,
            sessions=real.sessions,
            setup=real.setup,
            ca_pem=b"",
            anonymous=False,
            block_size=MIB,
            version="1",
            credentials=real.credentials,
            tokens=real.tokens,
            jobs=jobs,
        )
    )
    app.gate.open()
    caller: Callable[..., Any] = type(call)(app)
    yield caller
    app.close()


@pytest.fixture(scope="module")
def tokens(real: House) -> dict[str, str]:
    return {
        name: real.sessions.sign_in(name, PASSWORD, door="http", address="::1", agent="test").token
        for name in ("ada", "bob", "cyn")
    }


async def test_a_job_from_its_begin_to_its_end(ask: Any, tokens: dict[str, str], jobs: Jobs) -> None:
    bob = tokens["bob"]
    for name in ("a", "b"):
        assert (await ask("PUT", f"{API}/files/d/{name}?parents=true", body=b"x" * 9, token=bob)).status == 201
    begun = await ask("POST", JOBS, json_body={"kind": "zip", "paths": ["/d"], "target": "/d.zip"}, token=bob)
    assert (begun.status, begun.headers["cache-control"]) == (202, "no-store")
    job = JobOut.model_validate(begun.json)
    assert (job.state, job.percent, job.owner, job.result) == ("waiting", 0, "bob", None)
    assert job.what == {"paths": ["/d"], "target": "/d.zip", "conflict": "skip"}
    place = f"{JOBS}/{job.id}"
    assert (await ask("DELETE", place, token=bob)).code == "conflict"
    jobs._do(JobId(job.id))
    done = (await ask("GET", place, token=bob)).json
    JobOut.model_validate(done)
    entry = (await ask("GET", f"{API}/entries/d.zip", token=bob)).json
    assert (done["state"], done["percent"], done["error"]) == ("done", 100, None)
    assert done["result"] == {"path": "/d.zip", "size": entry["size"], "sha256": entry["sha256"]}
    assert done["created"] <= done["started"] <= done["ended"]
    assert (done["size"], done["size_total"], done["items"], done["items_total"]) == (18, 18, 3, 3)
    listed = (await ask("GET", JOBS, token=bob)).json
    assert [each.id for each in JobsOut.model_validate(listed).jobs] == [job.id]
    assert (await ask("POST", f"{place}/cancel", token=bob)).json["state"] == "done"
    assert (await ask("DELETE", place, token=bob)).status == 204
    assert (await ask("GET", place, token=bob)).code == "not_found"


async def test_one_that_waits_is_cancelled(ask: Any, tokens: dict[str, str], jobs: Jobs) -> None:
    begun = (await ask("POST", JOBS, json_body={"kind": "verify"}, token=tokens["bob"])).json
    assert begun["what"] == {"path": "/", "all": False}
    cancelled = await ask("POST", f"{JOBS}/{begun['id']}/cancel", token=tokens["bob"])
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    jobs._do(JobId(begun["id"]))
    assert (await ask("GET", f"{JOBS}/{begun['id']}", token=tokens["bob"])).json["state"] == "cancelled"


async def test_not_yours_looks_like_not_there(ask: Any, tokens: dict[str, str]) -> None:
    begun = (await ask("POST", JOBS, json_body={"kind": "verify"}, token=tokens["bob"])).json
    for method, tail in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
        theirs = await ask(method, f"{JOBS}/{begun['id']}{tail}", token=tokens["cyn"])
        nothing = await ask(method, f"{JOBS}/4711{tail}", token=tokens["cyn"])
        assert (theirs.status, theirs.code) == (nothing.status, nothing.code) == (404, "not_found")
        assert theirs.json["detail"].replace(str(begun["id"]), "4711") == nothing.json["detail"]
    assert (await ask("GET", JOBS, token=tokens["cyn"])).json == {"jobs": []}
    assert (await ask("GET", f"{JOBS}?all=true", token=tokens["cyn"])).code == "forbidden"
    everybody = (await ask("GET", f"{JOBS}?all=true", token=tokens["ada"])).json["jobs"]
    assert [each["owner"] for each in everybody] == ["bob"]
    assert (await ask("GET", f"{JOBS}/{begun['id']}", token=tokens["ada"])).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"kind": "extract", "path": "/x"}, 400),
        ({"kind": "verify", "path": "/none"}, 404),
        ({"kind": "verify", "path": "/../x"}, 400),
        ({"kind": "verify", "more": 1}, 400),
        ({"kind": "verify", "all": True}, 403),
        ({"kind": "zip", "paths": [], "target": "/z"}, 400),
        ({"kind": "zip", "paths": ["/"] * 1001, "target": "/z"}, 400),
        ({"kind": "zip", "paths": "/", "target": "/z"}, 400),
        ({"kind": "copy", "source": "/none", "target": "/z"}, 404),
        ({"kind": "copy", "source": "/none", "target": "/z", "conflict": "newer"}, 400),
        ({"kind": "move", "source": "/", "target": "/z"}, 409),
    ],
)
async def test_what_cannot_be_is_refused(ask: Any, tokens: dict[str, str], body: Any, status: int) -> None:
    answer = await ask("POST", JOBS, json_body=body, token=tokens["bob"])
    assert answer.status == status, answer.body
    assert (await ask("GET", JOBS, token=tokens["bob"])).json == {"jobs": []}


async def test_it_takes_a_sign_in(ask: Any) -> None:
    assert (await ask("GET", JOBS)).status == 401
    assert (await ask("POST", JOBS, json_body={"kind": "verify"})).status == 401
