"""Whether the SQL engine of this machine computes as the rule set says (design D4), before anything is signed."""

import sys
from pathlib import Path

from aergo_vc.repository.errors import EngineDiffersError
from aergo_vc.sql.rules import GOLDEN_DIGEST, engine_matches_rules
from aergo_vc.sql.running.sandbox import engine_version


def require_engine(folder: Path) -> None:
    """Raise EngineDiffersError unless this engine gives what every other gives.

    The answer is kept in `folder` for the next process, under all that it depends on.
    """
    known = f"{engine_version()}\n{GOLDEN_DIGEST}\n{sys.version}\n".encode()
    path = folder / "engine"
    try:
        if path.read_bytes() == known:
            return
    except OSError:
        pass
    if not engine_matches_rules():
        raise EngineDiffersError(
            f"SQLite {engine_version()} does not compute as the rule set says: it may not make blocks",
            version=engine_version(),
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(known)
    except OSError:
        return
