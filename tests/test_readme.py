"""What the README tells people to type works as it stands, line by line."""

import re
import sys

from world import ROOT, World, require_command_line

README = (ROOT / "README.md").read_text()


def block(title: str, language: str) -> str:
    """The first block of code in a section."""
    section = README[README.index(f"## {title}\n") :]
    found = re.search(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_lines_to_try_by_hand_and_those_of_python_work(world: World) -> None:
    require_command_line()
    told = world.run("sh", "-e", "-c", block("By hand", "sh"))
    assert "bread    370\nsalt      90\n" in told.out
    assert "bread    350\nsalt      90\n" in told.out
    assert "valid: main: 3 blocks, 3 transactions" in told.out
    assert told.out.count('Good "git" signature') == 3
    program = world.root / "api.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{block('From Python', 'python')}")
    assert world.run(sys.executable, program).line == "{'bread': 365, 'salt': 85} [3, 2, 1, 0] 4"
    ledger = world.root / "ledger"
    merged = world.run("sh", "-e", "-c", block("Merging", "sh"), cwd=ledger)
    assert "Merge made by the 'aergo' strategy." in merged.out
    prices = world.run("git", "aergo", "query", "SELECT cents FROM price WHERE item = 'bread'", cwd=ledger)
    assert prices.out.splitlines()[1].strip() == str(365 - 50 + 20)


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#][^)]*)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
