"""The verb dtt: text, JSON, and drawings that hold nothing but what they should."""

import json
import re
from itertools import count
from xml.etree import ElementTree as ET

import pytest
from ledgers import records
from world import Place

from aergo_vc.cli.tree_drawings import Drawing, DrawnTransaction, dot, svg

SCRIPTS = (
    "UPDATE price SET cents = cents + 1 WHERE item = 'bread'",
    "UPDATE price SET cents = 5 WHERE item = 'tea'",
    "UPDATE price SET cents = cents + 2 WHERE item = 'bread'",
    "UPDATE price SET cents = 7 WHERE item = 'tea'",
    "INSERT INTO price SELECT 'sum', sum(cents), '</title><script>' FROM price",
)


@pytest.fixture
def place(shop: Place) -> Place:
    for script in SCRIPTS:
        shop.aergo("sql", script)
    shop.aergo("commit")
    return shop


def test_text_names_levels_dependencies_and_the_critical_path(place: Place) -> None:
    out = place.aergo("dtt").out
    assert re.search(r"^5 transactions, depth 3, width 2$", out, re.MULTILINE)
    assert re.search(r"^level 0  2 transactions$", out, re.MULTILINE)
    assert re.search(r"^  4  [0-9a-f]{12}  alice  INSERT INTO price .*  after 2, 3$", out, re.MULTILINE)
    assert re.search(r"^critical path  0 → 2 → 4$", out, re.MULTILINE)


def test_json_gives_the_same_by_ids(place: Place) -> None:
    block, *transactions = records(place.aergo("dtt", "--json"))
    ids = [one["transaction"] for one in transactions]
    shown = records(place.aergo("show", "--json"))[1:]
    assert ids == [one["transaction"] for one in shown]
    assert (block["depth"], block["width"], block["transactions"]) == (3, 2, 5)
    assert block["critical_path"] == [ids[0], ids[2], ids[4]]
    assert [one["level"] for one in transactions] == [0, 0, 1, 1, 2]
    assert transactions[4]["after"] == [ids[2], ids[3]]


def test_optimizing_makes_blind_writers_wait_for_nobody_who_is_not_searched(shop: Place) -> None:
    for number in range(3):
        shop.aergo("sql", f"UPDATE price SET cents = {number} WHERE item = 'tea'")
    shop.aergo("commit")
    assert "depth 3, width 1" in shop.aergo("dtt").out
    assert "depth 1 (was 3), width 3" in shop.aergo("dtt", "--optimize").out


def test_definitions_hold_up_only_what_names_them(shop: Place) -> None:
    shop.write("bank.sql", "CREATE TABLE account (id int PRIMARY KEY);")
    shop.aergo("deploy", "bank.sql")
    for script in (
        "UPDATE price SET cents = 1 WHERE item = 'tea'",
        "CREATE VIEW dear AS SELECT item FROM price WHERE cents > 100",
        "INSERT INTO bank.account VALUES (1)",
        "INSERT INTO price SELECT max(item) || '!', 1 FROM dear",
        "DROP VIEW dear",
    ):
        shop.aergo("sql", script)
    shop.aergo("commit")
    out = shop.aergo("dtt").out
    assert "6 transactions, depth 4, width 2" in out
    assert re.search(r"^level 0  2 transactions$", out, re.MULTILINE)
    assert re.search(r"INSERT INTO bank.account .*  after 0$", out, re.MULTILINE)
    assert "1 → 2 → 4 → 5" in out


def test_a_block_of_a_private_branch_is_read_from_what_was_kept_and_gives_the_same(shop: Place) -> None:
    shop.aergo("branch", "side")
    shop.aergo("checkout", "side")
    for script in SCRIPTS:
        shop.aergo("sql", script)
    shop.aergo("commit")
    kept = shop.aergo("dtt", "--json").out
    folder = shop.path / ".git" / "aergo" / "footprints"
    files = list(folder.iterdir())
    assert len(files) == 2
    for file in files:
        file.unlink()
    assert shop.aergo("dtt", "--json").out == kept


def test_a_block_that_merges_has_a_tree_of_what_went_in(shop: Place) -> None:
    shop.aergo("branch", "side")
    shop.aergo("checkout", "side")
    for script in SCRIPTS[:3]:
        shop.aergo("sql", script)
    shop.aergo("commit")
    shop.aergo("checkout", "main")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 1 WHERE item = 'tea'")
    shop.aergo("merge", "side", expect=1)
    block, *transactions = records(shop.aergo("dtt", "--json"))
    assert (block["transactions"], block["depth"]) == (2, 2)
    assert transactions[1]["after"] == [transactions[0]["transaction"]]


def test_the_drawings_are_well_formed_and_foreign_text_stays_text(place: Place) -> None:
    root = ET.fromstring(place.aergo("dtt", "--svg").out)  # noqa: S314 - our own
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "style", "path", "text", "g", "rect", "circle"}
    assert sum(element.tag.endswith("rect") for element in root.iter()) == len(SCRIPTS)
    graph = place.aergo("dtt", "--dot").out
    assert graph.startswith("digraph transactions {\n")
    assert "t2 -> t4;" in graph


def test_two_ways_of_output_at_once_are_refused(place: Place) -> None:
    assert place.aergo("dtt", "--svg", "--json", expect=2).out == ""


def _large(transactions: int) -> Drawing:
    """Levels of forty, each of which waits as a whole for the one before."""
    numbers = count(transactions)
    joins, drawn, before = [], [], ()
    for first in range(0, transactions, 40):
        level = tuple(range(first, min(first + 40, transactions)))
        drawn += [DrawnTransaction(f"{place:012x}", "alice", "x" * 90, first // 40, before) for place in level]
        joins.append(level)
        before = (next(numbers),)
    return Drawing("main 1", "facts", tuple(drawn), tuple(joins), (0, 40, 80))


def test_a_picture_of_three_hundred_transactions_fits_a_screen_without_one_box_on_another() -> None:
    root = ET.fromstring(svg(_large(300)))  # noqa: S314 - our own
    boxes = [
        tuple(int(element.get(name, "")) for name in ("x", "y", "width", "height"))
        for element in root.iter("{http://www.w3.org/2000/svg}rect")
    ]
    assert len(boxes) == len(set(boxes)) == 300
    width, height = int(root.get("width", "")), int(root.get("height", ""))
    assert width < 1_600
    assert height < 1_000
    assert all(x + w < width and y + h < height for x, y, w, h in boxes)


def test_hostile_words_break_out_of_no_string_of_a_graph() -> None:
    words = '"];} evil [label="\\" \n\x1b[31m'
    drawing = Drawing("t", "f", (DrawnTransaction("0" * 12, "alice", words, 0, ()),), (), (0,))
    (line,) = [line for line in dot(drawing).splitlines() if line.startswith("  t0 ")]
    text = re.search(r'label=("(?:[^"\\]|\\.)*")', line)
    assert text is not None
    assert line == f"  t0 [label={text[1]}, color=orange, penwidth=2];"
    assert "\x1b" not in line
    assert json.loads(text[1].replace("\\n", " ")).startswith("000000000000 alice")
