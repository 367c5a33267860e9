"""J01: a hook runs nothing that lies in the worktree."""

import shlex
import sys
from pathlib import Path

import pytest
from world import ROOT, Place, World

HOOKS = sorted((ROOT / "hooks").iterdir())

PROGRAM = """\
import json, sys, typing
print("hook ran:", json.dumps(sys.argv[1:]))
"""


def plant_modules(place: Place) -> None:
    """Put modules into the worktree that would leave a trace when imported."""
    for name in ("json", "typing", "sitecustomize", "usercustomize", "aergo_vc/__init__"):
        place.write(f"{name}.py", "open('pwned', 'w').close()\n")


def install_hook(hook: Path, place: Place, program: Path) -> Path:
    """The hook as it stands in a clone, its placeholders filled."""
    text = hook.read_text().replace("@PYTHON@", shlex.quote(sys.executable))
    installed = place.write(f".git/hooks/{hook.name}", text.replace("@GIT_AERGO@", shlex.quote(str(program))))
    installed.chmod(0o755)
    return installed


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_j01_a_hook_imports_nothing_from_the_worktree(hook: Path, world: World) -> None:
    place = world.repository()
    plant_modules(place)
    program = place.world.root / "it's a program"
    program.write_text(PROGRAM)
    installed = install_hook(hook, place, program)
    variables = {"PYTHONPATH": ":" + str(place.path)}
    outcome = world.run(installed, "first", "a b", cwd=place.path, variables=variables)
    assert outcome.line == f'hook ran: ["hook", "{hook.name}", "first", "a b"]'
    assert not (place.path / "pwned").exists()


def test_j01_the_planted_modules_would_leave_a_trace(world: World) -> None:
    place = world.repository()
    plant_modules(place)
    program = world.root / "program"
    program.write_text(PROGRAM)
    world.run(sys.executable, program, cwd=place.path, variables={"PYTHONPATH": ":"}, expect=None)
    assert (place.path / "pwned").exists()


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_j01_git_runs_a_hook_and_heeds_its_refusal_where_there_is_something_to_refuse(hook: Path, world: World) -> None:
    place = world.repository()
    place.commit("without the hook")
    program = world.root / "program"
    program.write_text("import sys\nsys.exit('refused')\n")
    install_hook(hook, place, program)
    remote = world.repository("remote", bare=True)
    place.git("checkout", "--quiet", "-b", "ahead")
    place.write("ledger/block.json", "{}")
    place.git("add", "ledger")
    place.git("commit", "--message=ahead", variables={"GIT_CONFIG_PARAMETERS": "'core.hooksPath=none'"})
    place.git("checkout", "--quiet", "-")
    if hook.name == "prepare-commit-msg":  # an ordinary commit it lets pass by itself
        place.write("ledger/block.json", "{}")
        place.git("add", "ledger")
    attempt, status = {
        "post-merge": (("merge", "--quiet", "ahead"), 0),  # what it merged stays
        "pre-push": (("push", remote.path, "HEAD:refs/heads/main"), 1),
        "prepare-commit-msg": (("commit", "--allow-empty", "--no-verify", "--message=x"), 1),
    }[hook.name]
    outcome = place.git(*attempt, expect=status)
    assert "refused" in outcome.err
