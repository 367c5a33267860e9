"""The command line: one module a verb family; exit statuses, hints, colour, progress.

Owns typer and rich.  A start loads only the family of the verb that was called.
"""

import gc
import importlib
import sys
from collections.abc import Sequence

_FOR_GIT = {"hook": "aergo_vc.gitside.hooks", "signing-program": "aergo_vc.gitside.signing"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``git-aergo`` with `arguments` (those of the process by default) and return its exit status."""
    # Nothing that is loaded at the start is garbage, and at the end everything goes: to look through it costs a tenth
    # of a short verb's time, both times.
    gc.disable()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in _FOR_GIT:
            # git waits for these: they go past everything that verbs need.  By name, since the floors keep them apart.
            return int(importlib.import_module(_FOR_GIT[words[0]]).run(words[1:]))
        return int(importlib.import_module("aergo_vc.cli.running").run(words))
    finally:
        gc.freeze()
