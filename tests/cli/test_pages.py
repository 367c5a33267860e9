"""The manual, the overview and the verbs tell the same story."""

import importlib
import re
from typing import Any

import pytest
from typer.main import get_command
from world import ROOT

from aergo_vc.cli.families import VERBS

MANUAL = ROOT / "man" / "man1"


def command(verb: str) -> Any:  # noqa: ANN401 - the type is not exported
    """The command that stands behind a verb."""
    family: Any = get_command(importlib.import_module(f"aergo_vc.cli.{VERBS[verb].module}").app)
    return family.commands[verb]


def options(verb: str) -> set[str]:
    """All options of a verb, its own verbs' included."""
    found = command(verb)
    commands = getattr(found, "commands", {}).values() or [found]
    named = (option for one in commands for parameter in one.params for option in parameter.opts)
    return {option for option in named if option.startswith("-")} | {"-h", "--help"}


def documented(text: str) -> set[str]:
    """The options that have an entry in a page."""
    entries = re.findall(r"^\.It Fl ((?:\S+ , )*\S+)", text, re.MULTILINE)
    return {f"-{word}" for entry in entries for word in entry.split(" , ")}


@pytest.mark.parametrize("verb", VERBS)
def test_a_page_has_an_entry_for_each_option_and_no_other(verb: str) -> None:
    assert documented((MANUAL / f"git-aergo-{verb}.1").read_text()) == options(verb)


def test_every_page_of_a_verb_belongs_to_one() -> None:
    pages = {page.stem.removeprefix("git-aergo-") for page in MANUAL.glob("git-aergo-*.1")}
    assert pages == set(VERBS)


def test_the_main_page_lists_the_verbs_that_there_are() -> None:
    text = (MANUAL / "git-aergo.1").read_text()
    entries = re.findall(r"^\.It Cm (.+)$", text[text.index(".Sh VERBS") : text.index(".Sh ENVIRONMENT")], re.MULTILINE)
    assert [verb for entry in entries for verb in entry.split(" , ")] == list(VERBS)


def test_hints_are_for_errors_that_exist() -> None:
    hinted = set(re.findall(r'"(E_[A-Z_]+)":', (ROOT / "aergo_vc" / "cli" / "hints.py").read_text()))
    sources = "\n".join(path.read_text() for path in (ROOT / "aergo_vc").rglob("*.py"))
    assert hinted
    assert hinted <= set(re.findall(r'code(?:: ClassVar\[str\])? = "(E_[A-Z_]+)"', sources))
