"""The state's formats do not drift from their vectors, nor the manual's example from either."""

import json
import re
from typing import Any

import pytest
import state_vectors
from trees import Objects, directories, table, tree_of
from world import ROOT

from aergo_vc.codec.canonical_json import NotCanonicalJson, decode, encode, parse
from aergo_vc.codec.git_tree import TreeEntry, encode_tree
from aergo_vc.codec.row_chunk import BadChunk, RowReader
from aergo_vc.model.types import STORED_KINDS, Kind

PAGE = ROOT / "man" / "man5" / "aergo-state.5"


@pytest.fixture(scope="module")
def stored() -> Any:  # noqa: ANN401 - JSON
    return json.loads(state_vectors.FILE.read_text())


def test_what_is_written_today_is_what_the_vectors_say() -> None:
    assert state_vectors.FILE.read_text() == state_vectors.text()


def test_valid_vectors_are_read_and_spelled_again(stored: Any) -> None:  # noqa: ANN401
    for _, spelled in stored["json"]:
        assert encode(decode(spelled.encode())).decode() == spelled
    kinds = [Kind(kind) for kind in stored["key codes"]]
    assert kinds == list(STORED_KINDS)
    rows = RowReader.of(table(*kinds)).decode(stored["row of all kinds"].encode())
    assert rows[0] == state_vectors.EVERY_KIND
    for values in stored["key codes"].values():
        codes = [code for _, code in values]
        assert codes == sorted(codes)


def test_invalid_vectors_are_refused(stored: Any) -> None:  # noqa: ANN401
    for spelled in stored["json, invalid"]:
        with pytest.raises(NotCanonicalJson):
            decode(spelled.encode())
    for kind, chunks in stored["rows, invalid"].items():
        for chunk in chunks:
            with pytest.raises(BadChunk):
                RowReader.of(table(Kind(kind))).decode(chunk.encode())


def test_the_manuals_example_is_what_the_program_writes() -> None:
    page = PAGE.read_text()
    example = page[page.index(".Sh EXAMPLES") :]
    blocks = [block.strip("\n") for block in re.findall(r"^\.Bd[^\n]*\n(.*?)^\.Ed", example, re.MULTILINE | re.DOTALL)]
    rows, codes, digests = blocks
    values = [tuple(parse(line.encode())) for line in rows.replace("\\e", "\\").splitlines()]
    objects = Objects()
    tree = tree_of(table(Kind.TEXT, Kind.BIGINT, Kind.NUMERIC), objects=objects)
    root = tree.build(list(reversed(values)))
    assert root is not None
    (chunk,) = tree.directory(root).nodes
    assert tree.store.read_chunk(chunk) == (rows.replace("\\e", "\\") + "\n").encode()
    assert codes.splitlines() == tree.codes_of(values)
    twin = encode_tree([TreeEntry(chunk.first, 0o100644, chunk.digest)])  # type: ignore[arg-type]
    assert list(directories(tree, root)) == [root]
    assert digests.splitlines() == [
        f"blob {len(tree.store.read_chunk(chunk))} {chunk.digest}",
        f"tree {len(twin)} {root.digest}",
    ]


@pytest.mark.parametrize("number", ["96", "191", "192", "256", "24576", "49152", "60000", "2000", "1048576"])
def test_the_manual_names_the_constants(number: str) -> None:
    assert re.search(rf"(?<!\d){number}(?!\d)", PAGE.read_text())
