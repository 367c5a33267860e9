"""Writes ``tests/vectors/state.json``: spellings, codes, cuts and digests of the state's formats.

Run it only after a deliberate change of format: ``python tests/state_vectors.py``.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

from trees import Objects, table, tree_of  # noqa: E402 - this checkout's package, also as a program

from aergo_vc.base.ids import ObjectId, TableName  # noqa: E402
from aergo_vc.codec.canonical_json import encode, encode_keys_on_lines  # noqa: E402
from aergo_vc.codec.digests import ObjectFormat  # noqa: E402
from aergo_vc.codec.git_tree import decode_tree  # noqa: E402
from aergo_vc.codec.key_code import key_code  # noqa: E402
from aergo_vc.codec.node_name import node_names  # noqa: E402
from aergo_vc.codec.row_chunk import encode_rows  # noqa: E402
from aergo_vc.model.types import Kind, Row  # noqa: E402
from aergo_vc.state.cutting import CUTTING, hashes_of  # noqa: E402
from aergo_vc.state.nodes import Node, NodeStore  # noqa: E402
from aergo_vc.state.snapshot import Root, Snapshot, SnapshotStore  # noqa: E402
from aergo_vc.state.table_tree import TableTree  # noqa: E402

FILE = Path(__file__).parent / "vectors" / "state.json"

KEYS: dict[Kind, list[Any]] = {
    Kind.SMALLINT: [-32768, -1, 0, 9, 10],
    Kind.INTEGER: [-(2**31), -10, 99, 2**31 - 1],
    Kind.BIGINT: [-(2**63), -100, -99, 0, 1, 2**63 - 1],
    Kind.NUMERIC: [
        "-100",
        "-1.51",
        "-1.5",
        "-0.001",
        "0",
        "0.00",
        "0.001",
        "0.1",
        "1",
        "1.00",
        "1.5",
        "10",
        "1" + "0" * 40,
    ],
    Kind.BOOLEAN: [False, True],
    Kind.TEXT: ["", "\x01 -./09", ":;<=>?@", "ABYZ", "[\\]^_`", "ayz", "{|}~\x7f", "é€😀"],
    Kind.VARCHAR: ["x"],
    Kind.CHAR: ["x"],
    Kind.DATE: ["0001-01-01", "2025-02-28"],
    Kind.TIME: ["00:00:00", "23:59:59.5"],
    Kind.TIMESTAMP: ["2025-02-28 12:00:00", "2025-02-28 12:00:00.000001"],
    Kind.TIMESTAMPTZ: ["2025-02-28 12:00:00.25+00"],
    Kind.UUID: ["00112233-4455-6677-8899-aabbccddeeff"],
    Kind.BYTEA: ["\\x", "\\x00ff"],
    Kind.DOUBLE: [-1.7976931348623157e308, -1.5, -5e-324, 0.0, 5e-324, 0.1, 1.5, 1e16, 1.7976931348623157e308],
    Kind.REAL: [-3.4028234663852886e38, -1.5, 0.0, 1.401298464324817e-45, 0.10000000149011612],
    Kind.INTERVAL: ["-1 days +00:00:01", "00:00:00", "1 year 2 mons -3 days +04:05:06.7"],
    Kind.JSON: ["[1,  2]", '{"b":1, "a":1e2}'],
    Kind.JSONB: ["[1.10, 2]", '{"b": 1, "aa": null}'],
    Kind.ENUM: ["happy", "sad"],
}

EVERY_KIND: Row = tuple(values[-1] for values in KEYS.values())

JSON_VALUES = [
    None,
    True,
    0,
    -1,
    2**63 - 1,
    0.1,
    1e15,
    1e16,
    1e-5,
    1e-6,
    5e-324,
    "",
    '"\\/\b\f\n\r\t\x00\x1f\x7f',
    "é😀",
    [],
    {},
]

INVALID_JSON = [
    "-0",
    "-0.0",
    "1.50",
    "1E5",
    "1e+16",
    "9223372036854775808",
    '"\\/"',
    '"\\u0041"',
    '"\\u001F"',
    "[1, 2]",
]
INVALID_JSON += ['{"b":1,"a":2}', '{"a":1,"a":1}', "NaN", "", "1 ", "\ufeff1", "[" * 33 + "]" * 33]

INVALID_ROWS: dict[Kind, list[str]] = {
    Kind.SMALLINT: ["[32768]\n", "[1.0]\n", "[null]\n", "[1]", "[ 1]\n", "[1]\r\n", "[1,2]\n", "", "[1]\n\n"],
    Kind.NUMERIC: ['["-0"]\n', '["01"]\n', '["1."]\n', '["1e5"]\n', "[1]\n"],
    Kind.BOOLEAN: ["[0]\n"],
    Kind.TEXT: ['["\\u0000"]\n', '["\\u0041"]\n'],
    Kind.DATE: ['["2025-02-29"]\n', '["1900-02-29"]\n', '["0000-01-01"]\n'],
    Kind.TIME: ['["24:00:00"]\n', '["12:00:00.50"]\n'],
    Kind.TIMESTAMPTZ: ['["2025-02-28 12:00:00"]\n', '["2025-02-28 12:00:00+01"]\n'],
    Kind.UUID: ['["00112233-4455-6677-8899-AABBCCDDEEFF"]\n'],
    Kind.BYTEA: ['["\\\\xFF"]\n', '["\\\\x0"]\n'],
    Kind.DOUBLE: ["[-0.0]\n", "[1]\n", "[1.50]\n", "[1e+16]\n"],
    Kind.REAL: ["[0.1]\n", "[-0.0]\n", "[1e39]\n"],
    Kind.INTERVAL: ['["1 day 0:00:01"]\n', '["1 days"]\n', '["24:60:00"]\n', '[""]\n'],
    Kind.JSON: ['["{"]\n', '["NaN"]\n', '["01"]\n'],
    Kind.JSONB: ['["[1,2]"]\n', '["1e2"]\n'],
}

NAMED = ["h1", "h2", "_" + "a" * 53 + "-", *("_" + "b" * 60 + f"{n}-" for n in range(3)), "_" + "c" * 80 + "-"]


def vectors() -> dict[str, Any]:
    """Everything that the file holds, computed anew."""
    everything = {"a": 1, "é": [None], "B": {"b": 2, "a": True}}
    return {
        "json": [[json.dumps(value), encode(value).decode()] for value in JSON_VALUES],
        "json, keys on lines": encode_keys_on_lines(everything).decode(),
        "json, invalid": INVALID_JSON,
        "key codes": {kind: [[value, key_code([kind], (value,))] for value in values] for kind, values in KEYS.items()},
        "key code of all kinds": key_code(list(KEYS), EVERY_KIND),
        "row of all kinds": encode_rows([EVERY_KIND, EVERY_KIND[:1] + (None,) * (len(EVERY_KIND) - 1)]).decode(),
        "rows, invalid": INVALID_ROWS,
        "node names": [list(pair) for pair in zip(NAMED, node_names(NAMED), strict=True)],
        "hashes": {code: [hashes_of([code], level)[0].hex() for level in range(3)] for code in ("h0", "_-", "5")},
        "cuts": {
            "by key only": CUTTING.positions([f"c{n:05d}" for n in range(2_000)], None, 0),
            "on level 1": CUTTING.positions([f"c{n:05d}" for n in range(2_000)], None, 1),
            "by weight too": CUTTING.positions([f"c{n:05d}" for n in range(300)], _weights(300), 0),
        },
        "trees": [_tree(rows) for rows in (1, 191, 192, 1_000, 30_000)],
        "snapshot": _snapshot(),
    }


def _weights(count: int) -> list[int]:
    return [256 + 7_919 * number % 20_011 for number in range(count)]


def _tree(count: int) -> dict[str, Any]:
    """The tree of rows [0,"row 0"], [3,"row 3"], [6,"row 6"], … in both formats."""
    made = {}
    for object_format in ObjectFormat:
        tree = tree_of(object_format=object_format)
        root = tree.build([(3 * number, f"row {3 * number}") for number in range(count)])
        assert root is not None
        made[object_format] = tree, root
    tree, root = made[ObjectFormat.SHA1]
    return {
        "rows": count,
        "chunks": [_rows_in(tree, chunk) for chunk in tree.chunks(root)],
        "levels": tree.directory(root).level,
        "id": root.id,
        "digest": made[ObjectFormat.SHA256][1].digest,
    }


def _rows_in(tree: TableTree, chunk: Node) -> int:
    return tree.store.read_chunk(chunk).count(b"\n")


def _snapshot() -> dict[str, Any]:
    objects = Objects()
    tree = tree_of(table(Kind.BIGINT, Kind.TEXT), objects=objects)
    nodes = tree.store
    assert isinstance(nodes, NodeStore)
    root = tree.build([(1, "a")])
    assert root is not None
    store = SnapshotStore(objects, nodes)
    schemas = {"public": "CREATE TABLE t (c0 bigint PRIMARY KEY, c1 text);\n", "bank": ""}
    state = store.write(Snapshot(schemas, {TableName("public.t"): Root(root.id, root.digest)}))
    entries = decode_tree(objects.read_tree(ObjectId(state.id)), 20)
    return {"id": state.id, "digest": state.digest, "contracts": [entry.name for entry in entries]}


def text() -> str:
    """The file's text."""
    return json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
