"""Names of the chunks and directories of a table tree.

A node is named after the key code of its first row.  A code of more than 55 characters is cut there, and ``.`` and
four digits are put behind it: the node's place among those of its directory that begin alike.  Names sort as the
codes do, for no code is the beginning of another.
"""

from collections.abc import Sequence
from itertools import groupby

_PLAIN_CHARACTERS = 55


def node_names(first_codes: Sequence[str]) -> list[str]:
    """The names of a directory's nodes, given the key codes of their first rows in ascending order."""
    if max(map(len, first_codes), default=0) <= _PLAIN_CHARACTERS:
        return list(first_codes)
    names: list[str] = []
    for beginning, codes in groupby(first_codes, lambda code: code[:_PLAIN_CHARACTERS]):
        if len(beginning) < _PLAIN_CHARACTERS:
            names.append(beginning)
        else:
            names.extend(_cut_names(beginning, list(codes)))
    return names


def is_cut(name: str) -> bool:
    """Whether a node's name tells only the beginning of its first key code."""
    return len(name) > _PLAIN_CHARACTERS


def _cut_names(beginning: str, codes: list[str]) -> list[str]:
    if codes == [beginning]:
        return codes
    return [f"{beginning}.{place:04d}" for place in range(len(codes))]
