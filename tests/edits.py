"""Bytes that were changed here and there."""

from hypothesis import strategies as st

Edits = list[tuple[int, int, bytes]]
"""Places in some bytes, how many go there, and what comes instead."""

EDITS: st.SearchStrategy[Edits] = st.lists(
    st.tuples(st.integers(0, 1_000_000), st.integers(0, 4), st.binary(max_size=3)), min_size=1, max_size=3
)


def edited(data: bytes, edits: Edits) -> bytes:
    """The bytes after the edits, one after the other; a place beyond the end is counted on from the start."""
    for number, removed, added in edits:
        place = number % (len(data) + 1)
        data = data[:place] + added + data[place + removed :]
    return data
