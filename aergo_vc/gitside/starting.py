"""Where ``git-merge-aergo`` starts, with Python's collector out of the way.

Nothing that is loaded at the start is garbage, and at the end the system takes everything back at once: to look through
it both times would cost a tenth of a merge.
"""

import gc
import importlib

_OBJECTS_PER_COLLECTION = 100_000


def main() -> int:
    """Run the strategy; returns the exit status."""
    gc.disable()
    strategy = importlib.import_module("aergo_vc.gitside.strategy")
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    gc.enable()
    try:
        return int(strategy.main())
    finally:
        gc.freeze()
