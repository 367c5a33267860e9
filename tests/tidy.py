"""Rules of tidiness: each is a function from the sources to complaints, one line each, empty when all is well."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from world import ROOT

MODULE_LINES = 600
FUNCTION_LINES = 70
MEDIAN_FUNCTION_LINES = 10

VAGUE_NAMES = frozenset({"common", "helper", "helpers", "manager", "misc", "util", "utils"})

HEAVY_PACKAGES = frozenset(
    "apsw cryptography duckdb dulwich isal msgspec nacl pygit2 rich sqlglot typer".split()  # noqa: SIM905
)
"""What may be imported inside a function, since it would slow down the start of a program that does not need it."""

SPEAKING = ("aergo_vc/cli/", "aergo_vc/gitside/", "aergo_vc/keys/worker.py", "aergo_vc/query/worker.py")
"""Only these print and read the environment; the workers are programs of their own, with pipes for streams."""

CLOCK_MODULE = "aergo_vc/base/clock.py"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
_STREAMS = {"sys.stdin", "sys.stdout", "sys.stderr", "print", "input"}
_MACHINE_TIME = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
_DANGEROUS_MODULES = {"pickle", "cPickle", "dill", "shelve", "yaml"}
_DANGEROUS_CALLS = {"eval", "exec", "os.system", "os.popen"}
_COMPILED_ROUTINES = "aergo_vc/sql/procedures/executing.py"
"""The one module that runs text as Python: what the compiler of routines made of checked trees, with numbered names."""

# A registry's host, or a path that exists on one machine only.  Brackets keep the patterns from matching themselves.
_FOREIGN_PLACES = re.compile(
    r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:com|org)|crates[.]io|proxy[.]golang[.]org"
    r"|(?<![\w.~}/-])(?:/(?:work|root|Users)/|/tmp/(?:v|brief)\b)"
)
_POSTPONED = re.compile(r"\b(?:TOD[O]|FIXM[E])\b")


@dataclass(frozen=True)
class Source:
    """A tracked text file; `path` is relative to the checkout's root."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax, if it is Python's."""
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        """Its dotted module name."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_product(self) -> bool:
        return self.is_python and self.path.startswith("aergo_vc/")


def read_sources() -> list[Source]:
    """Every text file of the checkout that is tracked or about to be, ordered by path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sources = []
    for path in sorted(set(listed.split("\0")) - {""}):
        file = ROOT / path
        if not file.is_file() or file.is_symlink():
            continue
        try:
            sources.append(Source(path, file.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return sources


def long_modules(sources: Iterable[Source]) -> list[str]:
    """A module has `MODULE_LINES` lines at most."""
    lengths = ((source.path, len(source.text.splitlines())) for source in sources if source.is_python)
    return [f"{path}: {length} lines" for path, length in lengths if length > MODULE_LINES]


def long_functions(sources: Iterable[Source]) -> list[str]:
    """A function has `FUNCTION_LINES` lines at most, its docstring not counted."""
    return [
        f"{source.path}:{function.lineno}: {function.name} has {function_lines(function)} lines"
        for source in sources
        if source.is_python
        for function in functions(source)
        if function_lines(function) > FUNCTION_LINES
    ]


def long_functions_on_the_whole(sources: Iterable[Source]) -> list[str]:
    """Half of the product's functions have fewer than `MEDIAN_FUNCTION_LINES` lines."""
    lengths = [function_lines(function) for source in sources if source.is_product for function in functions(source)]
    median = statistics.median(lengths) if lengths else 0
    return [f"the median of {len(lengths)} functions is {median:g} lines"] if median >= MEDIAN_FUNCTION_LINES else []


def undocumented(sources: Iterable[Source]) -> list[str]:
    """Every public module, class and function says what its caller must know."""
    complaints = []
    for source in sources:
        if not source.is_product:
            continue
        definitions = [node for node in source.tree.body if isinstance(node, ast.ClassDef | FunctionNode)]
        public = [node for node in definitions if not node.name.startswith("_") and not _is_overload(node)]
        if ast.get_docstring(source.tree) is None:
            complaints.append(f"{source.path}: no docstring")
        complaints += [
            f"{source.path}:{node.lineno}: {node.name} has no docstring"
            for node in public
            if ast.get_docstring(node) is None
        ]
    return complaints


def speaking_library(sources: Iterable[Source]) -> list[str]:
    """Below the command line and git's entrances nothing reads the environment or a standard stream, or prints."""
    quiet = [s for s in sources if s.is_product and not s.path.startswith(SPEAKING)]
    return _uses(quiet, _ENVIRONMENT | _STREAMS)


def machine_time(sources: Iterable[Source]) -> list[str]:
    """Only `base.clock` reads the machine's clock."""
    return _uses((s for s in sources if s.is_product and s.path != CLOCK_MODULE), _MACHINE_TIME)


def hidden_imports(sources: Iterable[Source]) -> list[str]:
    """An import inside a function loads a heavy package, or a module of ours that loads one."""
    sources = [source for source in sources if source.is_product]
    heavy = _heavy_modules(sources)
    complaints = []
    for source in sources:
        inner = {node for function in functions(source) for node in ast.walk(function)}
        for node in inner:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            light = [name for name in _imported(node) if not _is_heavy(name, heavy)]
            if len(light) == len(_imported(node)):
                complaints.append(f"{source.path}:{node.lineno}: imports {light[0]} inside a function")
    return sorted(complaints)


def vague_names(sources: Iterable[Source]) -> list[str]:
    """A module's name says what is in it."""
    return [
        f"{source.path}: says nothing"
        for source in sources
        if source.is_python and VAGUE_NAMES & set(PurePosixPath(source.path).with_suffix("").parts)
    ]


def dangerous_code(sources: Iterable[Source]) -> list[str]:
    """No unpickling, YAML, evaluation of text or shell (threat J13)."""
    product = [source for source in sources if source.is_product]
    complaints = _uses([source for source in product if source.path != _COMPILED_ROUTINES], _DANGEROUS_CALLS)
    for source in product:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {name.partition(".")[0] for name in _imported(node)} & _DANGEROUS_MODULES
                complaints += [f"{source.path}:{node.lineno}: imports {name}" for name in sorted(names)]
            elif isinstance(node, ast.keyword) and node.arg == "shell":
                complaints.append(f"{source.path}:{node.value.lineno}: passes shell=")
    return complaints


def foreign_places(sources: Iterable[Source]) -> list[str]:
    """No file names a package registry's host or a path of somebody's machine."""
    return _matches(sources, _FOREIGN_PLACES)


def postponed_work(sources: Iterable[Source]) -> list[str]:
    """What is left to do stands in the issue list, not in the files."""
    return _matches(sources, _POSTPONED)


def functions(source: Source) -> Iterator[FunctionNode]:
    """All functions and methods of a module, inner ones included."""
    return (node for node in ast.walk(source.tree) if isinstance(node, FunctionNode))


def function_lines(function: FunctionNode) -> int:
    """Lines of a function from its ``def``, without its docstring."""
    lines = _last_line(function) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        first = function.body[0]
        lines -= _last_line(first) - first.lineno + 1
    return lines


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _is_overload(node: ast.ClassDef | FunctionNode) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Every name that an import statement may load as a module, the outermost last."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [*(f"{node.module}.{alias.name}" for alias in node.names), str(node.module)]


def _is_heavy(name: str, heavy_modules: set[str]) -> bool:
    return name.partition(".")[0] in HEAVY_PACKAGES or name in heavy_modules


def _heavy_modules(sources: list[Source]) -> set[str]:
    """Our modules whose import loads a heavy package, whatever the number of steps."""
    imports = {
        source.name: {name for node in _executed_on_import(source.tree) for name in _imported(node)}
        for source in sources
    }
    heavy: set[str] = set()
    while more := {name for name, used in imports.items() if any(_is_heavy(u, heavy) for u in used)} - heavy:
        heavy |= more
    return heavy


def _executed_on_import(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, FunctionNode):
            yield from _executed_on_import(node)


def _uses(sources: Iterable[Source], names: set[str]) -> list[str]:
    """Where any of the dotted `names` is used, or imported from its module."""
    complaints = []
    for source in sources:
        for node in ast.walk(source.tree):
            used = _dotted_names(node) & names
            complaints += [f"{source.path}:{node.lineno}: uses {name}" for name in sorted(used)]  # type: ignore[attr-defined]
    return complaints


def _dotted_names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Attribute | ast.Name):
        return {ast.unparse(node)}
    if isinstance(node, ast.ImportFrom):
        return {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def _matches(sources: Iterable[Source], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{source.path}:{number}: {match[0]}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]
