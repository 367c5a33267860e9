"""A stage for each test process: zygote and templates are made once."""

from collections.abc import Iterator

import pytest
from faults.injection import Zygote, can_trace
from faults.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage on which faults are tried."""
    zygote = Zygote()
    yield Stage(tmp_path_factory.mktemp("stage"), zygote)
    zygote.close()


@pytest.fixture(scope="session")
def strace() -> None:
    """Skip where strace is missing or not allowed."""
    if not can_trace():
        pytest.skip("strace is missing, or may not trace another process")
