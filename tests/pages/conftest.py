"""The built site, for the tests that read it and for those that visit it in a browser."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from served import EDITIONS, build_all


@pytest.fixture(scope="session", params=EDITIONS, ids=lambda edition: edition.strip("/") or "en")
def edition(request: pytest.FixtureRequest) -> str:
    """The folder of an edition: what takes it is run for each."""
    return request.param


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built site; the first worker that asks builds it. $SITE names one that is there."""
    if ready := os.environ.get("SITE"):
        return Path(ready)
    run = tmp_path_factory.getbasetemp()
    run = run if worker_id == "master" else run.parent
    folder, failure = run / "site", run / "site-failure.txt"
    with FileLock(run / "site.lock"):
        if not folder.exists() and not failure.exists():
            try:
                build_all(folder)
            except RuntimeError as error:
                failure.write_text(str(error))
    if failure.exists():
        pytest.fail(failure.read_text(), pytrace=False)
    return folder
