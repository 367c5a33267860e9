"""Compiled routines as functions of Python: the one place where text that we made is run.

The text is the compiler's (compiling.py).  It is made from checked trees alone: names in it are numbered, and what a
contract wrote gets in through ``repr`` or stays outside, in the tables of texts and plans.
"""

import warnings
from collections.abc import Callable
from typing import Any

from aergo_vc.sql.errors import TOO_COMPLEX, SqlError
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.support import function_named


def function_of(compiled: Compiled) -> Callable[..., Any]:
    """The function, which takes a session (session.py) and the arguments in the form that variables keep."""
    names: dict[str, Any] = {"__builtins__": {"int": int, "len": len, "range": range}}
    names |= {f"S{number}": text for number, text in enumerate(compiled.texts)}
    names |= {f"P{number}": plan for number, plan in enumerate(compiled.plans)}
    names |= {f"R{number}": required for number, required in enumerate(compiled.requirements)}
    names |= {f"f_{name}": function_named(name) for name in compiled.functions}
    try:
        with warnings.catch_warnings(action="ignore"):  # about constants that contracts compare
            code = compile(compiled.source, f"<{compiled.name}>", "exec")
    except (SyntaxError, RecursionError, MemoryError):
        raise SqlError(TOO_COMPLEX, f"{compiled.name} nests loops and blocks too deep") from None
    exec(code, names)  # noqa: S102 - the module's docstring says of what
    function: Callable[..., Any] = names["routine"]
    return function
