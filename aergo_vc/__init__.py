"""git-aergo: a signed, SQL-programmable ledger in any git repository.

`Repository` is the public API, with `Surroundings` for what it is told of the world around it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aergo_vc.repository.facade import Repository
    from aergo_vc.repository.workspace import Surroundings

__all__ = ["Repository", "Surroundings", "__version__"]
__version__ = "0.1.0"

_HOMES = {"Repository": "aergo_vc.repository.facade", "Surroundings": "aergo_vc.repository.workspace"}


def __getattr__(name: str) -> object:
    """Load the API when it is asked for: hooks and worker processes import this package and need none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
