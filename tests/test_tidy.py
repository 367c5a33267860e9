"""The tree is tidy, and each rule that says so finds what it forbids."""

from collections.abc import Callable, Iterable

import pytest
import tidy
from tidy import Source
from world import ROOT

Rule = Callable[[Iterable[Source]], list[str]]

PAGES: dict[str, str | None] = {
    "arguments": "aergo-transactions.5",
    "canonical_json": "aergo-json.5",
    "catalog_texts": "aergo-state.5",
    "digests": "aergo-state.5",
    "footprints": "aergo-cache.5",
    "functions_text": "aergo-functions.5",
    "genesis": "aergo-genesis.5",
    "git_commit": "aergo-ledger.5",
    "git_tree": "aergo-ledger.5",
    "grant_text": "aergo-schema.5",
    "header": "aergo-block.5",
    "identifiers": "aergo-schema.5",
    "key_code": "aergo-state.5",
    "law": "aergo-branch.5",
    "node_name": "aergo-state.5",
    "receipts": "aergo-receipts.5",
    "record": "aergo-json.5",
    "row_chunk": "aergo-state.5",
    "schema_text": "aergo-schema.5",
    "transactions": "aergo-transactions.5",
    "type_text": "aergo-schema.5",
    "csv_file": None,  # RFC 4180; users' files, not a ledger's
    "git_pack": None,  # git's own: gitformat-pack(5)
    "jsonl_file": None,  # jsonlines.org; users' files
    "sshsig": None,  # OpenSSH's own: PROTOCOL.sshsig
    "sshwire": None,  # RFC 4251, section 5
    "text_file": None,  # users' files
}
"""The page of the manual that specifies what a codec module reads and writes; None where others specify it."""

BODY = "    pass\n"


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to it is not known")
    return tidy.read_sources()


# Each row: a rule; a file that it forbids; a similar one that it allows.
CASES: list[tuple[Rule, Source, Source]] = [
    (
        tidy.long_modules,
        Source("tests/test_x.py", "x = 1\n" * 601),
        Source("tests/test_x.py", "x = 1\n" * 600),
    ),
    (
        tidy.long_functions,
        Source("aergo_vc/a.py", "def f():\n" + BODY * 70),
        Source("aergo_vc/a.py", 'def f():\n    """Long.\n' + "\n" * 9 + '    """\n' + BODY * 69),
    ),
    (
        tidy.long_functions_on_the_whole,
        Source("aergo_vc/a.py", "def f():\n" + BODY * 9),
        Source("aergo_vc/a.py", "def f():\n" + BODY * 9 + "def g():\n" + BODY * 7),
    ),
    (
        tidy.undocumented,
        Source("aergo_vc/a.py", '"""A module."""\n\n\nclass Value:\n    x = 1\n'),
        Source("aergo_vc/a.py", '"""A module."""\n\n\nclass _Value:\n    x = 1\n'),
    ),
    (
        tidy.undocumented,
        Source("aergo_vc/a.py", "X = 1\n"),
        Source("tests/a.py", "X = 1\n"),
    ),
    (
        tidy.speaking_library,
        Source("aergo_vc/sql/a.py", "import os\nx = os.environ['X']\n"),
        Source("aergo_vc/cli/a.py", "import os\nx = os.environ['X']\n"),
    ),
    (
        tidy.speaking_library,
        Source("aergo_vc/sql/a.py", "from os import getenv\n"),
        Source("aergo_vc/sql/a.py", "from os import fspath\n"),
    ),
    (
        tidy.speaking_library,
        Source("aergo_vc/sql/a.py", "print('x')\n"),
        Source("aergo_vc/sql/a.py", "console.print('x')\n"),
    ),
    (
        tidy.machine_time,
        Source("aergo_vc/cli/a.py", "import time\nt = time.time_ns()\n"),
        Source("aergo_vc/base/clock.py", "import time\nt = time.time_ns()\n"),
    ),
    (
        tidy.machine_time,
        Source("aergo_vc/cli/a.py", "t = datetime.now(tz=UTC)\n"),
        Source("aergo_vc/cli/a.py", "t = clock.now()\n"),
    ),
    (
        tidy.hidden_imports,
        Source("aergo_vc/a.py", "def f():\n    import json\n"),
        Source("aergo_vc/a.py", "def f():\n    from sqlglot import exp\n"),
    ),
    (
        tidy.vague_names,
        Source("aergo_vc/sql/utils.py", ""),
        Source("aergo_vc/sql/utilities_of_sqlite.py", ""),
    ),
    (
        tidy.dangerous_code,
        Source("aergo_vc/a.py", "import pickle\n"),
        Source("aergo_vc/a.py", "import json\n"),
    ),
    (
        tidy.dangerous_code,
        Source("aergo_vc/a.py", "x = eval('1')\n"),
        Source("aergo_vc/a.py", "x = model.eval('1')\n"),
    ),
    (
        tidy.dangerous_code,
        Source("aergo_vc/sql/procedures/session.py", "exec('x')\n"),
        Source("aergo_vc/sql/procedures/executing.py", "exec('x')\n"),
    ),
    (
        tidy.dangerous_code,
        Source("aergo_vc/a.py", "subprocess.run('ls', shell=True)\n"),
        Source("aergo_vc/a.py", "subprocess.run(['ls'])\n"),
    ),
    (
        tidy.foreign_places,
        Source("README.md", "see https://" + "pypi." + "org/project/x\n"),
        Source("README.md", "pip install git-aergo\n"),
    ),
    (
        tidy.foreign_places,
        Source("README.md", "cd /" + "work/x\n"),
        Source("README.md", "cd some/work/x, https://example.org/root/x\n"),
    ),
    (
        tidy.postponed_work,
        Source("Makefile", "# TO" + "DO: later\n"),
        Source("Makefile", "# to do so, run make\n"),
    ),
]

RULES = list(dict.fromkeys(rule for rule, _, _ in CASES))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_has_no(rule: Rule, sources: list[Source]) -> None:
    assert rule(sources) == []


@pytest.mark.parametrize(("rule", "forbidden", "allowed"), CASES)
def test_a_rule_finds_what_it_forbids_and_nothing_else(rule: Rule, forbidden: Source, allowed: Source) -> None:
    assert len(rule([forbidden])) == 1
    assert rule([allowed]) == []


def test_a_module_of_ours_may_be_imported_late_if_it_loads_a_heavy_package() -> None:
    late = Source("aergo_vc/a.py", "def f():\n    from aergo_vc.b import g\n")
    between = Source("aergo_vc/b.py", "from aergo_vc import c\n")
    assert tidy.hidden_imports([late, between, Source("aergo_vc/c.py", "import duckdb\n")]) == []
    assert len(tidy.hidden_imports([late, between, Source("aergo_vc/c.py", "import json\n")])) == 1


def test_every_stored_format_has_a_page(sources: list[Source]) -> None:
    pages = {source.path.rpartition("/")[2] for source in sources if source.path.startswith("man/man5/")}
    assert {page for page in PAGES.values() if page is not None} <= pages
    modules = {source.name.rpartition(".")[2] for source in sources if source.path.startswith("aergo_vc/codec/")}
    assert modules - {"codec"} == PAGES.keys(), "list the module in PAGES"
