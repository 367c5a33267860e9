"""What a merge did, or would do, as Markdown for a pull request's comment.

Messages and names are foreign text: nothing of it may become a link, a mention or markup there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aergo_vc.cli.wording import count, rows_by_table, settled_by, short, what_it_is

if TYPE_CHECKING:
    from aergo_vc.repository.results import Merged, MergedTransaction

_SHOWN = 50
"""Rows of a table: hosts limit how long a comment may be."""

_MARKUP = re.compile(r"[^\w .,:;/+=%-]")


def markdown_lines(done: "Merged") -> Iterator[str]:
    """The lines of the report."""
    if done.block is None:
        yield f"Nothing to merge into {_plain(done.branch)}: it is up to date."
        return
    verb = "Merging" if done.commit is None else "Merged"
    yield f"### {verb} {_plain(str(done.source))} into {_plain(done.branch)}"
    yield ""
    refused = done.refused
    into = [one for one in done.transactions if one.receipt.refusal is None]
    go = ("go" if len(into) != 1 else "goes") if done.commit is None else "went"
    yield f"{count(len(into), 'transaction')} {go} in; {len(refused)} left out."
    if done.rows:
        counts = [(name, of.inserted, of.updated, of.deleted) for name, of in sorted(done.rows.items())]
        yield from _table(("Table", "Inserted", "Updated", "Deleted"), "lrrr", counts)
    if done.files:
        yield from _table(("Conflicting file",), "l", [(path,) for path in done.files[:_SHOWN]])
    if refused:
        yield from _table(("Left out", "By", "What", "Why"), "llll", map(_refused, refused[:_SHOWN]))
        yield from _rest(len(refused))
    if into:
        yield from _table(("In", "By", "What", "Rows"), "llll", map(_included, into[:_SHOWN]))
        yield from _rest(len(into))


def _rest(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"\n… and {count - _SHOWN} more."


def _included(one: "MergedTransaction") -> tuple[str, ...]:
    payload, receipt = one.transaction.payload, one.receipt
    by = settled_by(receipt)
    settled = "" if by is None else f" (settled by {by})"
    return short(one.transaction.id), payload.signer, _what(one), rows_by_table(receipt.rows) + settled


def _refused(one: "MergedTransaction") -> tuple[str, ...]:
    refusal = one.receipt.refusal
    why = "" if refusal is None else f"{refusal.code}: {refusal.message}"
    after = "" if refusal is None or refusal.after is None else f" ({short(refusal.after)})"
    return short(one.transaction.id), one.transaction.payload.signer, _what(one), why + after


def _what(one: "MergedTransaction") -> str:
    payload = one.transaction.payload
    words = " ".join((what_it_is(payload) or payload.sql or "rows").split())
    longest = 80
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _table(
    heads: Sequence[str],
    sides: str,
    rows: "Iterator[Sequence[object]] | Sequence[Sequence[object]] | map[tuple[str, ...]]",
) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in sides)}|"
    for row in rows:
        yield f"| {' | '.join(_plain(str(cell)) for cell in row)} |"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    visible = "".join(character if character.isprintable() else "?" for character in text)
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible).replace("_", "&#95;")
