"""The verb dtt: the Deterministic Transaction Tree of a block."""

from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, new_family, session_of
from aergo_vc.cli.output import Output, Style, Styled
from aergo_vc.cli.progress import Busy
from aergo_vc.cli.running import UsageError
from aergo_vc.cli.tree_drawings import Drawing, DrawnTransaction, dot, svg
from aergo_vc.cli.wording import count, short, what_it_is

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aergo_vc.model.transactions import Transaction
    from aergo_vc.repository.transaction_trees import TransactionTree

app = new_family()

_SHOWN = 8
"""Dependencies that a line of text names."""


@app.command()
def dtt(
    context: typer.Context,
    *,
    revision: Annotated[str | None, typer.Argument(metavar="[REVISION]", show_default=False)] = None,
    optimize: Annotated[bool, typer.Option("--optimize", help="As if each version of a row were kept.")] = False,
    as_dot: Annotated[bool, typer.Option("--dot", help="A graph in Graphviz's language.")] = False,
    as_svg: Annotated[bool, typer.Option("--svg", help="A picture.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which transactions of a block depend on which."""
    session = session_of(context)
    if sum((as_dot, as_svg, as_json)) > 1:
        raise UsageError("one of --dot, --svg and --json at most is expected", verb="dtt")
    with session.open() as repository, Busy("executing"):
        found = repository.dtt(revision, optimize=optimize)
    if as_json:
        for record in tree_records(found):
            session.out.record(record)
    elif as_dot:
        session.out.lines(dot(_drawing(found)))
    elif as_svg:
        session.out.lines(svg(_drawing(found)))
    else:
        _tell(session.out, found)


def tree_records(found: "TransactionTree") -> "Iterator[dict[str, object]]":
    """A record of the block, then one for each transaction."""
    tree, transactions, header = found.tree, found.transactions, found.block.header
    yield {
        "block": found.block.block,
        "branch": header.branch,
        "height": header.height,
        "transactions": tree.count,
        "depth": tree.depth,
        "width": tree.width,
        "critical_path": [transactions[place].id for place in tree.critical_path],
        "plain_depth": found.plain_depth,
    }
    for place, transaction in enumerate(transactions):
        yield {
            "transaction": transaction.id,
            "level": tree.levels[place],
            "signer": transaction.payload.signer,
            "what": _what(transaction),
            "after": [transactions[other].id for other in tree.direct(place)],
        }


def _tell(out: Output, found: "TransactionTree") -> None:
    tree, summary = found.tree, found.block
    out.line(Styled(f"block {summary.block}", Style.YELLOW), f"  {summary.header.branch} {summary.header.height}")
    depth = f"depth {tree.depth}" + ("" if found.plain_depth is None else f" (was {found.plain_depth})")
    out.line(f"{count(tree.count, 'transaction')}, {depth}, width {tree.width}")
    digits = len(str(max(tree.count - 1, 0)))
    for level, places in enumerate(tree.by_level()):
        out.line()
        out.line(Styled(f"level {level}", Style.BOLD), f"  {count(len(places), 'transaction')}")
        for place in places:
            transaction = found.transactions[place]
            out.line(
                f"  {place:>{digits}}  ",
                Styled(short(transaction.id), Style.YELLOW),
                "  ",
                Styled(transaction.payload.signer, Style.CYAN),
                f"  {_what(transaction)}{_after(tree.direct(place))}",
            )
    if tree.depth > 1:
        out.line()
        out.line(Styled("critical path", Style.BOLD), "  " + " → ".join(map(str, tree.critical_path)))


def _after(places: tuple[int, ...]) -> str:
    if not places:
        return ""
    more = len(places) - _SHOWN
    return "  after " + ", ".join(map(str, places[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _what(transaction: "Transaction") -> str:
    """A transaction in a few words: what it calls or deploys, else how its script begins."""
    payload = transaction.payload
    found = what_it_is(payload)
    if found is None and payload.loads:
        found = "loads " + ", ".join(load.table for load in payload.loads)
    return found or " ".join(payload.sql.split())[:80]


def _drawing(found: "TransactionTree") -> Drawing:
    tree, header = found.tree, found.block.header
    return Drawing(
        title=f"{header.branch} {header.height}",
        facts=f"{count(tree.count, 'transaction')}, depth {tree.depth}, width {tree.width}",
        transactions=tuple(
            DrawnTransaction(short(one.id), one.payload.signer, _what(one), tree.levels[place], tree.before[place])
            for place, one in enumerate(found.transactions)
        ),
        joins=tree.joins,
        path=tree.critical_path,
    )
