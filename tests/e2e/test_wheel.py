"""What is installed is a wheel, so the wheel is what must work: data files, migrations and pages included."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.proofs import PASSWORD, USER, Caller

from secure_file_transfer.testing.process import ServerProcess

ROOT = Path(__file__).parents[2]


def test_a_server_runs_from_the_wheel_alone(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(installed)
    assert "secure_file_transfer/py.typed" in names
    assert "secure_file_transfer/doors/http/static/index.html" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "web"))]
    env = {"PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", "import secure_file_transfer; print(secure_file_transfer.__file__)"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed))
    server = ServerProcess(tmp_path / "data", env=env)
    server.add_user(USER, PASSWORD)
    with server:
        caller = Caller(server)
        assert caller.put("file", b"content", 7) == 201
        for page in ("/", "/setup", "/static/style.css", "/ca.pem", "/api/v1/openapi.json"):
            assert caller.call("GET", page, None, {})[0] == 200, page
