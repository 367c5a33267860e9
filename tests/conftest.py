"""Fixtures that every room's tests may use."""

from pathlib import Path

import pytest
from git_sandbox import Sandbox, make_repository


@pytest.fixture(params=["sha1", "sha256"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A repository of each object format."""
    return make_repository(tmp_path / "repository", request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Sandbox:
    """A repository of the SHA-1 format."""
    return make_repository(tmp_path / "repository")
