"""Attacks on stored values and table trees; each function names its rows of the threat list."""

import os
import random
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import NUMBERED, SMALL, Objects, Twins, WrongKind, checked, numbered, reread, table, tree_of
from world import ROOT

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.base.limits import CHUNK_BYTES, JSON_DEPTH
from aergo_vc.codec.canonical_json import (
    JsonSyntaxError,
    NotCanonicalJson,
    decode,
    decode_keys_on_lines,
    encode,
    encode_keys_on_lines,
    parse,
)
from aergo_vc.codec.digests import Kind as ObjectKind
from aergo_vc.codec.digests import ObjectFormat, blob_digest
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, TreeFormatError, decode_tree, encode_tree
from aergo_vc.codec.key_code import integer_code
from aergo_vc.codec.row_chunk import BadChunk, RowReader, encode_rows
from aergo_vc.model.changes import RowChange
from aergo_vc.model.types import Kind
from aergo_vc.state.checking import check_tree
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.cutting import CUTTING, MOST_LEVELS, hashes_of
from aergo_vc.state.editing import StaleStateError, apply_changes
from aergo_vc.state.nodes import (
    Directory,
    DirectoryShapeError,
    MisnamedNodeError,
    Node,
    NodeStore,
    SubstitutedObjectError,
)
from aergo_vc.state.snapshot import SCHEMA_FILE, Root, Snapshot, SnapshotStore, StateLayoutError
from aergo_vc.state.table_tree import NotATableTreeError, TableTree, spans


@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b'{"a":1,"a":1}', rb'{"a":1,"\u0061":2}', b'[{"b":{"a":1,"a":2}}]'])
def test_f01_a_repeated_key_is_not_stored(text: bytes) -> None:
    with pytest.raises(NotCanonicalJson):
        decode(text)
    with pytest.raises(NotCanonicalJson):
        decode_keys_on_lines(b'{\n"a":1,\n"a":2\n}\n')


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"nan", b"[NaN]", b"1e999", b"-1e999"])
def test_f02_a_number_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonicalJson):
        decode(text)
    with pytest.raises(JsonSyntaxError):
        parse(text)
    with pytest.raises(BadChunk):
        RowReader.of(table(Kind.DOUBLE)).decode(b"[" + text.strip(b"[]") + b"]\n")


@pytest.mark.parametrize(
    "text", [b"[1,]", b"{'a':1}", b"[1]//", b"01", b"+1", b".5", b"5.", b'"\t"', b"[1] 2", b"", b" "]
)
def test_f03_what_lenient_parsers_take_is_refused(text: bytes) -> None:
    with pytest.raises(JsonSyntaxError):
        parse(text)


def test_f04_integers_end_at_64_bits_where_stored_and_at_640_digits_where_read() -> None:
    for number in (2**53 + 1, 2**63 - 1, -(2**63)):
        assert decode(encode([number])) == [number]
    for number in (2**63, -(2**63) - 1, 2**64, 10**30):
        with pytest.raises(NotCanonicalJson):
            decode(encode([number]))
        assert parse(encode([number])) == [number]
    assert parse(b"9" * 640) == 10**640 - 1
    with pytest.raises(JsonSyntaxError):
        parse(b"9" * 641)
    assert decode(encode("9" * 5_000)) == "9" * 5_000


@pytest.mark.parametrize("digits", ["0", "640", "100000"])
def test_f04_the_environment_has_no_say_in_the_length_of_integers(digits: str) -> None:
    program = (
        "from aergo_vc.codec.canonical_json import JsonSyntaxError, parse\n"
        "for size in (640, 641, 5000):\n"
        "    try: print(len(str(parse(b'9' * size))))\n"
        "    except JsonSyntaxError: print('refused')\n"
    )
    environment = os.environ | {"PYTHONINTMAXSTRDIGITS": digits}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["640", "refused", "refused"]


@pytest.mark.parametrize(
    "text", [b"1E0", b"1e0", b"-0", b"-0.0", b"1.00", b"100e0", b"0.10", b"1e+16", b"10000000000000000.0"]
)
def test_f05_a_number_has_one_spelling(text: bytes) -> None:
    for stored in (text, b"[" + text + b"]", b'{"a":[1,' + text + b"]}"):
        with pytest.raises(NotCanonicalJson):
            decode(stored)
    with pytest.raises(BadChunk):
        RowReader.of(table(Kind.DOUBLE)).decode(b"[" + text + b"]\n")


@pytest.mark.parametrize(
    "text",
    [b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf0\x80\x80\xaf"', b'"\xff"', b'\xef\xbb\xbf"a"', '"a"'.encode("utf-16"),
     '"a"'.encode("utf-16-le"), rb'"\ud800"', rb'"\ud800\u0041"', rb'"\udc00\ud800"', b'"\xf4\x90\x80\x80"'],
)  # fmt: skip
def test_f06_text_is_utf_8_without_surrogates_or_byte_order_mark(text: bytes) -> None:
    with pytest.raises(JsonSyntaxError):
        parse(text)
    with pytest.raises(BadChunk):
        RowReader.of(table(Kind.TEXT)).decode(b"[" + text + b"]\n")


def test_f07_texts_that_look_alike_are_kept_apart_byte_by_byte() -> None:
    rows = [("e\u0301", 1), ("\u00e9", 2), ("\u0430", 3), ("a", 4), ("\u202ea", 5), ("\u212b", 6), ("\u00c5", 7)]
    tree = tree_of(table(Kind.TEXT, Kind.BIGINT))
    root = checked(tree, tree.build(rows))
    assert sorted(tree.rows(root)) == sorted(rows)
    for name in ("caf\u00e9", "\u0430", "a\u202eb"):
        with pytest.raises(TreeFormatError):
            encode_tree([TreeEntry(name, FILE_MODE, ObjectId("ab" * 20))])


def test_f08_a_text_holds_no_nul() -> None:
    reader = RowReader.of(table(Kind.TEXT))
    for text in ("a\0b", "\0", "\\\0", "\\\\\0"):
        with pytest.raises(BadChunk, match="NUL"):
            reader.decode(encode_rows([(text,)]))
    for text in ("\\u0000", "\\\\u0000", "u0000"):
        assert reader.decode(encode_rows([(text,)])) == [(text,)]


def test_f09_keys_sort_by_code_point_not_by_utf_16_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    by_code_point = ["\r", "1", "\x80", "\u00f6", "\u20ac", "\ufb33", "\U0001f600"]
    value = dict.fromkeys(keys, 0)
    assert list(decode(encode(value))) == list(decode_keys_on_lines(encode_keys_on_lines(value))) == by_code_point
    utf_16 = '{"\U0001f600":0,"\ufb33":0}'.encode()
    with pytest.raises(NotCanonicalJson):
        decode(utf_16)
    tree = tree_of(table(Kind.TEXT, Kind.BIGINT))
    assert [row[0] for row in tree.rows(tree.build([(key, 0) for key in keys]))] == by_code_point


UNSAFE_NAMES = [
    "..",
    ".",
    "",
    "../x",
    "/x",
    "a/b",
    "a\\b",
    ".git",
    "-x",
    "A",
    "a:b",
    "a\0",
    "a b",
    "a\n",
    "caf\u00e9",
    "a" * 101,
]


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_f10_a_name_that_leads_elsewhere_is_neither_written_nor_read(name: str) -> None:
    with pytest.raises(TreeFormatError):
        encode_tree([TreeEntry(name, FILE_MODE, ObjectId("ab" * 20))])
    with pytest.raises(TreeFormatError):
        decode_tree(b"100644 " + name.encode() + b"\0" + b"\xab" * 20, 20)


DEVICES = ["aux", "con", "nul", "prn", "com1", "lpt9"]


@pytest.mark.parametrize("name", [*DEVICES, "nul.txt", "a.b", "a-b", "1a", "a" * 64, "schema.sql", "A", "\u0430", ""])
def test_f10_contracts_and_tables_have_names_that_every_file_system_takes(name: str) -> None:
    objects = Objects()
    store = SnapshotStore(objects, NodeStore(objects, Twins(), 20))
    root = Root(objects.add(ObjectKind.TREE, b""), Digest("ab" * 32))
    with pytest.raises(StateLayoutError):
        store.write(Snapshot({name: ""}, {}))
    with pytest.raises(StateLayoutError):
        store.write(Snapshot({"public": ""}, {TableName(f"public.{name}"): root}))
    schema = TreeEntry(SCHEMA_FILE, FILE_MODE, objects.add(ObjectKind.BLOB, b""))
    for contract, members in ((name, [schema]), ("public", [schema, TreeEntry(name, DIRECTORY_MODE, root.id)])):
        try:
            tree = objects.add(ObjectKind.TREE, encode_tree(members))
            state = objects.add(ObjectKind.TREE, encode_tree([TreeEntry(contract, DIRECTORY_MODE, tree)]))
        except TreeFormatError:
            continue
        with pytest.raises(StateLayoutError):
            store.read(state, None)


def test_f11_no_two_names_differ_in_case_only() -> None:
    names = [node.first for text in ("a", "A", "\u00e4", "\u00c4", "ss", "\u00df") for node in [_only_chunk(text)]]
    assert len({name.casefold() for name in names}) == len(names) == 6
    assert all(name == name.lower() for name in names)


def _only_chunk(text: str) -> Node:
    tree = tree_of(table(Kind.TEXT))
    root = tree.build([(text,)])
    assert root is not None
    return tree.directory(root).nodes[0]


def _tree_cut_at(tree: TableTree, rows: list[tuple[int, str]], starts: list[int]) -> Node:
    """A tree of two levels whose chunks begin where the attacker likes."""
    codes = tree.codes_of(rows)
    chunks = [tree.store.write_chunk(codes[at], encode_rows(rows[at:end])) for at, end in spans(starts, len(rows))]
    return tree.store.write_directory(Directory(1, tuple(chunks)))


def test_f12_a_chunk_boundary_shifted_by_one_row_is_noticed() -> None:
    tree = tree_of()
    rows = numbered(range(1_000))
    starts = tree.cutting.positions(tree.codes_of(rows), None, 0)
    honest = _tree_cut_at(tree, rows, starts)
    assert check_tree(tree, honest) == 1_000
    assert honest == tree.build(rows)
    for place in range(1, len(starts)):
        for shift in (-1, 1):
            shifted = [*starts[:place], starts[place] + shift, *starts[place + 1 :]]
            with pytest.raises(NotATableTreeError, match="cut"):
                check_tree(tree, _tree_cut_at(tree, rows, shifted))
        with pytest.raises(NotATableTreeError, match="cut"):
            check_tree(tree, _tree_cut_at(tree, rows, starts[:place] + starts[place + 1 :]))
    with pytest.raises(NotATableTreeError, match="cut"):
        check_tree(tree, _tree_cut_at(tree, rows, [*starts, 999]))


def test_f12_a_level_too_many_or_too_few_is_noticed() -> None:
    tree = tree_of(cutting=SMALL)
    root = tree.build(numbered(range(60)))
    assert root is not None
    raised = tree.store.write_directory(Directory(tree.directory(root).level + 1, (root,)))
    chunks = tuple(tree.chunks(root))
    assert len(chunks) > SMALL.most_in_root
    for wrong in (raised, tree.store.write_directory(Directory(1, chunks))):
        with pytest.raises(NotATableTreeError, match="levels"):
            check_tree(tree, wrong)


@pytest.mark.parametrize("chosen", ["low", "high", "alike"])
def test_f13_keys_chosen_by_their_hashes_leave_sizes_bounded_and_edits_local(chosen: str) -> None:
    accepts = {"low": lambda byte: byte < 8, "high": lambda byte: byte >= 250, "alike": lambda byte: byte == 100}[
        chosen
    ]
    keys = [key for key in range(10_000, 510_000) if accepts(hashes_of([integer_code(key)], 0)[0][0])][:3_000]
    objects = Objects()
    tree = tree_of(objects=objects)
    rows = dict(numbered(keys))
    root = tree.build(list(rows.items()))
    sizes = [tree.store.read_chunk(chunk).count(b"\n") for chunk in tree.chunks(root)]
    assert max(sizes) < 192
    assert min(sizes[:-1]) >= 96
    source = random.Random(1)
    written = []
    for key in source.sample(keys, 30):
        objects.added.clear()
        apply_changes(tree, root, {(key,): RowChange((key, rows[key]), None)})
        written.append(len(objects.added))
    # Of some 21 chunks; with a cut after every 192nd, half of them on average.
    assert sum(written) / len(written) < 4


def test_f13_hashes_that_rise_with_the_keys_leave_sizes_bounded() -> None:
    marked = sorted((hashes_of([integer_code(key)], 0)[0], key) for key in range(100_000, 160_000))
    rising: list[int] = []
    for _, key in marked:
        if not rising or key > rising[-1] > key - 400:
            rising.append(key)
    tree = tree_of(table(Kind.BIGINT, Kind.TEXT))
    rows = numbered(rising)
    root = checked(tree, tree.build(rows))
    assert len(rows) > 200
    assert all(96 <= tree.store.read_chunk(chunk).count(b"\n") < 192 for chunk in list(tree.chunks(root))[:-1])


def test_f13_groups_weigh_between_the_limits_whatever_the_rows() -> None:
    source = random.Random(2)
    rows = [(number, "x" * source.choice([0, 300, 5_000, 59_000])) for number in range(1_500)]
    tree = tree_of()
    root = checked(tree, tree.build(rows))
    for chunk in list(tree.chunks(root))[:-1]:
        lines = tree.store.read_chunk(chunk)[:-1].split(b"\n")
        weight = sum(map(CUTTING.weight_of, lines))
        assert CUTTING.lightest_group <= weight
        assert weight < CUTTING.heaviest_group or weight - CUTTING.weight_of(lines[-1]) < CUTTING.lightest_group


@pytest.mark.parametrize("depth", [JSON_DEPTH + 1, 990, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_f14_nesting_ends_at_the_limit_and_never_in_a_recursion_error(
    depth: int, opening: bytes, closing: bytes
) -> None:
    for text in (opening * depth + b"1" + closing * depth, opening * depth):
        with pytest.raises(NotCanonicalJson):
            decode(text)
        with pytest.raises(JsonSyntaxError):
            parse(text)
        with pytest.raises(BadChunk):
            RowReader.of(table(Kind.TEXT)).decode(b"[" + text + b"]\n")


def test_f14_brackets_in_texts_do_not_nest() -> None:
    deepest = "[" * JSON_DEPTH + '"]\\"[["' + "]" * JSON_DEPTH
    assert encode(parse(deepest.encode())) == deepest.encode()
    assert decode(encode(["[" * 1_000, '{"' * 1_000])) == ["[" * 1_000, '{"' * 1_000]


@pytest.mark.parametrize("kind", [ObjectKind.BLOB, ObjectKind.TREE])
def test_b11_content_put_under_the_same_sha_1_id_is_noticed(kind: ObjectKind) -> None:
    objects = Objects()
    tree = tree_of(cutting=SMALL, objects=objects)
    root = tree.build(numbered(range(200)))
    other = tree.build(numbered(range(200), "w"))
    assert root is not None
    assert other is not None
    victim, substitute = next(tree.chunks(root)), next(tree.chunks(other))
    if kind is ObjectKind.TREE:
        victim, substitute = tree.directory(root).nodes[0], tree.directory(other).nodes[0]
    objects.objects[victim.id] = objects.objects[substitute.id]
    for with_twins in (True, False):
        with pytest.raises(SubstitutedObjectError):
            list(reread(tree, root, with_twins=with_twins).rows(root))
        with pytest.raises(SubstitutedObjectError):
            check_tree(reread(tree, root, with_twins=with_twins), root)


def test_b11_an_id_seen_with_one_digest_is_not_taken_for_another() -> None:
    objects = Objects()
    store = NodeStore(objects, Twins(), 20)
    node = store.write_chunk("h1", b"[1]\n")
    assert store.read_chunk(node) == b"[1]\n"
    with pytest.raises(SubstitutedObjectError):
        store.read_chunk(node._replace(digest=blob_digest(b"[2]\n")))
    directory = store.write_directory(Directory(1, (node,)))
    with pytest.raises(SubstitutedObjectError):
        store.read_directory(directory._replace(digest=blob_digest(b"")), lambda _: "")


def test_b11_a_schema_under_the_same_sha_1_id_is_noticed() -> None:
    objects = Objects()
    nodes = NodeStore(objects, Twins(), 20)
    store = SnapshotStore(objects, nodes)
    root = store.write(Snapshot({"public": "CREATE TABLE t ();\n"}, {}))
    blob = next(name for name, (kind, _) in objects.objects.items() if kind is ObjectKind.BLOB)
    objects.objects[blob] = ObjectKind.BLOB, b"DROP TABLE t;\n"
    with pytest.raises(SubstitutedObjectError):
        store.read(root.id, root.digest)


def test_b11_a_damaged_or_lying_twin_costs_time_and_nothing_else() -> None:
    tree = tree_of(cutting=SMALL)
    root = tree.build(numbered(range(200)))
    assert root is not None
    twins = tree.store._twins
    assert isinstance(twins, Twins)
    for digest in list(twins):
        twins[digest] = b"100644 h0\0" + b"\0" * 32
    assert list(reread(tree, root).rows(root)) == numbered(range(200))


def test_b12_a_chunk_is_not_read_beyond_its_limit() -> None:
    limits: list[int] = []

    class Watched(Objects):
        def read_blob(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
            limits.append(limit)
            return super().read_blob(object_id, limit)

    tree = tree_of(objects=Watched())
    root = tree.build(numbered(range(300)))
    assert root is not None
    assert list(reread(tree, root).rows(root)) == numbered(range(300))
    assert set(limits) == {CHUNK_BYTES}


def test_b13_directories_in_one_another_without_end_are_refused() -> None:
    for object_format in ObjectFormat:
        objects = Objects(object_format)
        tree = tree_of(objects=objects)
        node = tree.store.write_chunk("h1", b'[1,"v1"]\n')
        for level in range(1, 3_000):
            node = tree.store.write_directory(Directory(level, (node,)))
            if level == MOST_LEVELS:
                assert reread(tree, node).directory(node).level == MOST_LEVELS
        for with_twins in (True, False):
            with pytest.raises(DirectoryShapeError):
                reread(tree, node, with_twins=with_twins).directory(node)


def test_a_directory_that_is_empty_or_mixed_is_refused() -> None:
    objects = Objects()
    tree = tree_of(objects=objects)
    chunk = tree.store.write_chunk("h1", b'[1,"v1"]\n')
    inner = tree.store.write_directory(Directory(1, (chunk,)))
    empty = objects.add(ObjectKind.TREE, b"")
    mixed = [TreeEntry("h1", FILE_MODE, chunk.id), TreeEntry("h2", DIRECTORY_MODE, inner.id)]
    nested = [TreeEntry("h1", DIRECTORY_MODE, empty)]
    for object_id in (empty, *(objects.add(ObjectKind.TREE, encode_tree(entries)) for entries in (mixed, nested))):
        digest = tree.store.digest_of(TreeEntry("x", DIRECTORY_MODE, object_id))
        with pytest.raises(DirectoryShapeError):
            tree.store.read_root(object_id, digest, tree.first_code)


def test_a_node_named_after_another_row_is_noticed() -> None:
    tree = tree_of()
    first = tree.store.write_chunk("h0", b'[1,"v1"]\n')
    with pytest.raises(NotATableTreeError, match="named"):
        check_tree(tree, tree.store.write_directory(Directory(1, (first,))))
    objects = Objects()
    tree = tree_of(table(Kind.TEXT, Kind.TEXT), objects=objects)
    root = tree.build([("k" * 80, "v")])
    assert root is not None
    (entry,) = decode_tree(objects.read_tree(root.id), 20)
    wrong = objects.add(ObjectKind.TREE, encode_tree([entry._replace(name=entry.name[:-1] + "1")]))
    digest = tree.store.digest_of(TreeEntry("x", DIRECTORY_MODE, wrong))
    with pytest.raises(MisnamedNodeError):
        tree.store.read_root(wrong, digest, tree.first_code)


def test_rows_out_of_order_or_twice_are_noticed() -> None:
    tree = tree_of()
    for lines in (b'[2,"a"]\n[1,"a"]\n', b'[1,"a"]\n[1,"b"]\n'):
        first = integer_code(int(lines[1:2]))
        root = tree.store.write_directory(Directory(1, (tree.store.write_chunk(first, lines),)))
        with pytest.raises(NotATableTreeError, match="order"):
            check_tree(tree, root)


def _hostile(source: random.Random, tree: TableTree, root: Node) -> Root:
    """A tree with some directories and chunks damaged at random, all digests in order."""
    objects = tree.store._objects
    assert isinstance(objects, Objects)
    chunks = list(tree.chunks(root))

    def rewrite(node: Node, level: int) -> ObjectId:
        if level == 0:
            return objects.add(ObjectKind.BLOB, _damaged(source, tree.store.read_chunk(node)))
        entries = [
            entry._replace(id=rewrite(below, level - 1))
            for entry, below in zip(
                decode_tree(objects.read_tree(node.id), 20), tree.directory(node).nodes, strict=True
            )
        ]
        if source.random() < 0.3:
            place = source.randrange(len(entries))
            entries[place] = source.choice(
                [
                    entries[place]._replace(id=source.choice(chunks).id, mode=FILE_MODE),
                    entries[place]._replace(id=root.id, mode=DIRECTORY_MODE),
                    entries[place]._replace(name="a" * source.randrange(1, 64)),
                    entries[place]._replace(name=entries[place].name[:-1] + "0"),
                ]
            )
            del entries[source.randrange(-1, len(entries)) :: 7]
        distinct = {entry.name: entry for entry in entries}
        return objects.add(ObjectKind.TREE, encode_tree(distinct.values()))

    object_id = rewrite(root, tree.directory(root).level)
    return Root(object_id, tree.store.digest_of(TreeEntry("x", DIRECTORY_MODE, object_id)))


def _damaged(source: random.Random, chunk: bytes) -> bytes:
    if source.random() < 0.8:
        return chunk
    place = source.randrange(len(chunk))
    return source.choice(
        [chunk[:place], chunk[place:], chunk[:place] + b"9" + chunk[place + 1 :], b"", b"\n", b"[1]\n"]
    )


@given(st.integers(0, 2**32), st.sampled_from(["bigint", "text"]))
def test_hostile_trees_end_in_an_invalid_error_and_only_the_true_tree_passes(seed: int, key: str) -> None:
    source = random.Random(seed)
    wide = key == "text"
    made = table(Kind.TEXT, Kind.TEXT) if wide else NUMBERED
    rows = [("k" * 60 + f"{n:04d}", "v") if wide else (n, "v") for n in range(source.randrange(1, 120))]
    tree = tree_of(made, SMALL)
    honest = tree.build(rows)
    assert honest is not None
    try:
        hostile = _hostile(source, tree, honest)
    except (DirectoryShapeError, TreeFormatError):
        return
    fresh = reread(tree, honest)
    changed = rows[source.randrange(len(rows))]
    refusals = suppress(InvalidError, StaleStateError, WrongKind)
    with refusals:
        root = fresh.store.read_root(hostile.id, hostile.digest, fresh.first_code)
        with refusals:
            changed_rows(fresh, honest, root)
        with refusals:
            list(fresh.rows(root))
        with refusals:
            apply_changes(fresh, root, {changed[:1]: RowChange(changed, None)})
        check_tree(fresh, root)
        assert tree_of(made, SMALL).build(list(fresh.rows(root))) == root


def test_a_table_that_belongs_to_no_contract_is_not_lost_silently() -> None:
    objects = Objects()
    store = SnapshotStore(objects, NodeStore(objects, Twins(), 20))
    root = Root(objects.add(ObjectKind.TREE, b""), Digest("ab" * 32))
    with pytest.raises(StateLayoutError):
        store.write(replace(Snapshot(), tables={TableName("gone.t"): root}))
