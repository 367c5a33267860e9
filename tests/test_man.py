"""The manual's pages are well formed and can be found."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from world import ROOT

PAGES = sorted((ROOT / "man").glob("man*/*"))


def complaints(page: Path) -> str:
    """What a formatter of manual pages says against `page`; skips the test where there is none."""
    if mandoc := shutil.which("mandoc"):
        # Style, such as the length of source lines, is ours to choose.
        command = [mandoc, "-T", "lint", "-W", "warning"]
    elif groff := shutil.which("groff"):
        command = [groff, "-m", "mdoc", "-T", "utf8", "-w", "w", "-z"]
    else:
        pytest.skip("neither mandoc nor groff is installed")
    done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_formatter_finds_nothing_wrong_with_a_page(page: Path) -> None:
    assert complaints(page) == ""


def test_a_formatter_finds_an_unknown_macro(tmp_path: Path) -> None:
    page = tmp_path / "git-aergo.1"
    page.write_text((ROOT / "man" / "man1" / "git-aergo.1").read_text() + ".Zz unknown\n")
    assert "Zz" in complaints(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_stands_in_its_section_under_its_own_title(page: Path) -> None:
    section = page.parent.name.removeprefix("man")
    assert page.suffix == f".{section}"
    assert re.search(r"^\.Dt (.*)$", page.read_text(), re.MULTILINE)[1] == f"{page.stem.upper()} {section}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_refers_only_to_pages_of_ours_that_exist(page: Path) -> None:
    named = re.findall(r"^\.Xr ((?:git-)?aergo\S*) (\d)", page.read_text(), re.MULTILINE)
    assert {f"{name}.{section}" for name, section in named} <= {other.name for other in PAGES}
