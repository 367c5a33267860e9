"""What programs that git starts say to people: on standard error, with nothing raw from elsewhere."""

import sys

from aergo_vc.base.errors import AergoError

_HINTS = {
    "E_STALE_MERGE": "make the block anew: git aergo merge --continue",
    "E_NOT_YOUR_SLOT": "wait for your turn, then: git aergo merge --continue",
    "E_SLOT_SPENT": "wait for the next slot, then: git aergo merge --continue",
}
_KEPT = "\n\t"


def tell(text: str) -> None:
    """Write lines to standard error, control characters made visible."""
    shown = "".join(character if character.isprintable() or character in _KEPT else "?" for character in text)
    sys.stderr.write(f"{shown}\n")
    sys.stderr.flush()


def explain(error: AergoError) -> None:
    """Tell what is wrong, and what to do instead if the error knows."""
    tell(f"error: {error.message}")
    hint = error.facts.get("hint") or _HINTS.get(error.code)
    if hint is not None:
        tell(f"hint: {hint}")
