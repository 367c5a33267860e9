"""What a user gets by installing: programs, manual, hooks, licence."""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest
from world import CHILD_SECONDS, ROOT, World, require_command_line

import aergo_vc


@dataclass(frozen=True)
class Installed:
    """A fresh environment into which the wheel was installed, and the wheel's file names."""

    folder: Path
    files: frozenset[str]


def run(*command: str | Path) -> str:
    """Run a program of the build; returns its output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    root = tmp_path_factory.mktemp("install")
    pip = (sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-cache-dir")
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", root, ".")
    (wheel,) = root.glob("*.whl")
    environment = root / "environment"
    run(sys.executable, "-I", "-m", "venv", "--without-pip", environment)
    run(*pip, "--python", environment / "bin" / "python", "install", "--quiet", "--no-deps", wheel)
    # The dependencies come from the environment that runs the tests: nothing is fetched.
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    files = frozenset(str(path.relative_to(environment)) for path in environment.rglob("*") if path.is_file())
    return Installed(environment, files)


def test_both_names_of_the_program_are_installed(installed: Installed) -> None:
    assert {"bin/git-aergo", "bin/aergo"} <= installed.files


def test_the_manual_and_the_hooks_are_installed(installed: Installed) -> None:
    pages = {f"share/{page.relative_to(ROOT)}" for page in (ROOT / "man").glob("man*/*")}
    hooks = {f"share/git-aergo/hooks/{hook.name}" for hook in (ROOT / "hooks").iterdir()}
    assert "share/man/man1/git-aergo.1" in pages
    assert pages | hooks <= installed.files


def test_the_licence_is_installed(installed: Installed) -> None:
    assert [name for name in installed.files if name.endswith(".dist-info/licenses/LICENSE")]


def test_nothing_but_the_package_is_importable(installed: Installed) -> None:
    modules = {name.partition("site-packages/")[2] for name in installed.files if name.endswith(".py")}
    assert {name.partition("/")[0] for name in modules} == {"aergo_vc"}


def test_the_installed_package_is_this_version(installed: Installed) -> None:
    source = "import aergo_vc; print(aergo_vc.__version__, aergo_vc.__file__)"
    version, file = run(installed.folder / "bin" / "python", "-I", "-c", source).split()
    assert version == aergo_vc.__version__
    assert Path(file).is_relative_to(installed.folder)


def test_the_installed_program_tells_its_version(installed: Installed) -> None:
    require_command_line()
    assert aergo_vc.__version__ in run(installed.folder / "bin" / "git-aergo", "--version")


def test_git_shows_the_page_for_help(installed: Installed, world: World) -> None:
    if shutil.which("man") is None or world.run("man", "-w", "true", expect=None).status != 0:
        pytest.skip("man is not installed, or shows nothing")
    path = f"{installed.folder / 'bin'}:{world.path}"
    shown = world.run("git", "aergo", "--help", variables={"PATH": path, "MANPAGER": "cat", "MANWIDTH": "80"})
    assert "SQL-programmable ledger" in shown.out
