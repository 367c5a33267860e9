"""Transaction trees as drawings: in Graphviz's language, and as SVG that needs nothing but itself.

Names, arguments and scripts are foreign text: they never become markup.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_LABEL_CHARACTERS = 30

_MARGIN, _HEADING = 24, 56
_FEW = 60
"""Up to so many transactions have their words beside them; more are squares that tell them to the pointer."""

_STYLE = """\
text{font:12px system-ui,sans-serif;fill:#1f2933}
.t{font-size:16px;font-weight:600}.f,.l{fill:#616e7c}.s{font-size:11px;fill:#616e7c}
rect{fill:#f5f7fa;stroke:#9aa5b1}rect.c{fill:#fdf0d5;stroke:#c77700}
path{fill:none;stroke:#9aa5b1;stroke-opacity:.6}path.c{stroke:#c77700;stroke-width:2;stroke-opacity:1}
circle{fill:#9aa5b1}"""


@dataclass(frozen=True, slots=True)
class DrawnTransaction:
    """One transaction in words, its level, and what it waits for: transactions, or joins from their number on."""

    name: str
    signer: str
    what: str
    level: int
    before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A tree to be drawn; `joins` and `path` are those of `merging.dependencies`."""

    title: str
    facts: str
    transactions: tuple[DrawnTransaction, ...]
    joins: tuple[tuple[int, ...], ...]
    path: tuple[int, ...]


def dot(drawing: Drawing) -> str:
    """The tree in Graphviz's language, from left to right."""
    lines = ["digraph transactions {", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
    lines.append(f"  label={_quoted(drawing.title + chr(10) + drawing.facts)};")
    critical = set(drawing.path)
    for place, one in enumerate(drawing.transactions):
        style = ", color=orange, penwidth=2" if place in critical else ""
        words = f"{one.name} {one.signer}\n{_cut(one.what)}"
        lines.append(f"  t{place} [label={_quoted(words)}{style}];")
    count = len(drawing.transactions)
    for number, members in enumerate(drawing.joins, count):
        lines.append(f"  t{number} [shape=point];")
        lines += [f"  t{member} -> t{number} [arrowhead=none];" for member in members]
    for place, one in enumerate(drawing.transactions):
        lines += [f"  t{before} -> t{place};" for before in one.before]
    return "\n".join([*lines, "}"])


def svg(drawing: Drawing) -> str:
    """The tree as a picture: a column of transactions for each level, a line from each to those that wait for it."""
    layout = _Layout(drawing)
    critical = set(drawing.path)
    steps = set(zip(drawing.path, drawing.path[1:], strict=False))
    width, height = layout.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{_xml(drawing.title)}: {_xml(drawing.facts)}</title>",
        f"<style>{_STYLE}</style>",
        f'<path d="M0 0h{width}v{height}H0z" style="fill:#fff;stroke:none"/>',
        f'<text class="t" x="{_MARGIN}" y="30">{_xml(drawing.title)}</text>',
        f'<text class="f" x="{_MARGIN}" y="48">{_xml(drawing.facts)}</text>',
    ]
    for level, left in enumerate(layout.lefts):
        parts.append(f'<text class="l" x="{left}" y="{_HEADING + 20}">level {level}</text>')
    parts += _edges(drawing, layout, steps)
    for place, one in enumerate(drawing.transactions):
        parts += _box(layout, place, one, is_critical=place in critical)
    return "\n".join([*parts, "</svg>"])


class _Layout:
    """Where everything stands: levels from left to right, each as many columns as it takes to be not too high."""

    def __init__(self, drawing: Drawing) -> None:
        self.is_wordy = len(drawing.transactions) <= _FEW
        self.box = (210, 38) if self.is_wordy else (14, 14)
        step = (self.box[0] + (18 if self.is_wordy else 6), self.box[1] + (10 if self.is_wordy else 6))
        most = 12 if self.is_wordy else 30
        self.places: dict[int, tuple[int, int]] = {}
        self.lefts: list[int] = []
        left, self._bottom = _MARGIN, _HEADING + 30
        for places in _ordered_levels(drawing):
            self.lefts.append(left)
            for number, place in enumerate(places):
                column, row = divmod(number, most)
                self.places[place] = (left + column * step[0], _HEADING + 32 + row * step[1])
                self._bottom = max(self._bottom, self.places[place][1] + self.box[1])
            left += -(-len(places) // most) * step[0] + 64
        self._right = max(left - 64, 320)

    @property
    def size(self) -> tuple[int, int]:
        return self._right + _MARGIN, self._bottom + _MARGIN

    def exit(self, place: int) -> tuple[int, int]:
        """Where lines begin that leave a transaction."""
        left, top = self.places[place]
        return left + self.box[0], top + self.box[1] // 2

    def entry(self, place: int) -> tuple[int, int]:
        """Where lines end that come to one."""
        left, top = self.places[place]
        return left, top + self.box[1] // 2


def _ordered_levels(drawing: Drawing) -> list[list[int]]:
    """The transactions of each level, each near the middle of those that it waits for, so that few lines cross."""
    count = len(drawing.transactions)
    levels: list[list[int]] = [[] for _ in range(max((one.level for one in drawing.transactions), default=-1) + 1)]
    for place, one in enumerate(drawing.transactions):
        levels[one.level].append(place)
    heights: dict[int, float] = {}

    def middle(place: int) -> tuple[float, int]:
        before = [member for n in drawing.transactions[place].before for member in _members(drawing, n, count)]
        return (sum(heights[other] for other in before) / len(before) if before else 0.0), place

    for places in levels:
        places.sort(key=middle)
        heights.update({place: number / len(places) for number, place in enumerate(places)})
    return levels


def _members(drawing: Drawing, number: int, count: int) -> Sequence[int]:
    return (number,) if number < count else drawing.joins[number - count]


def _edges(drawing: Drawing, layout: _Layout, steps: set[tuple[int, int]]) -> Iterator[str]:
    count = len(drawing.transactions)
    points = {}
    for number, members in enumerate(drawing.joins, count):
        ends = [layout.exit(member) for member in members]
        points[number] = (max(x for x, _ in ends) + 28, sum(y for _, y in ends) // len(ends))
        for start in ends:
            yield _curve(start, points[number], "")
        yield '<circle cx="{}" cy="{}" r="3"/>'.format(*points[number])
    for place, one in enumerate(drawing.transactions):
        for number in one.before:
            start = points[number] if number >= count else layout.exit(number)
            yield _curve(start, layout.entry(place), ' class="c"' if (number, place) in steps else "")


def _curve(start: tuple[int, int], end: tuple[int, int], attributes: str) -> str:
    bend = max((end[0] - start[0]) // 2, 12)
    line = f"M{start[0]} {start[1]}C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}"
    return f'<path{attributes} d="{line}"/>'


def _box(layout: _Layout, place: int, one: DrawnTransaction, *, is_critical: bool) -> Iterator[str]:
    left, top = layout.places[place]
    width, height = layout.box
    words = f"{one.name}  {one.signer}"
    style = ' class="c"' if is_critical else ""
    yield f"<g><title>{_xml(f'{place}: {words}  {one.what}')}</title>"
    yield f'<rect{style} x="{left}" y="{top}" width="{width}" height="{height}" rx="3"/>'
    if layout.is_wordy:
        yield f'<text x="{left + 8}" y="{top + 16}">{_xml(_cut(one.what))}</text>'
        yield f'<text class="s" x="{left + 8}" y="{top + 31}">{_xml(_cut(words))}</text>'
    yield "</g>"


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_CHARACTERS else text[: _LABEL_CHARACTERS - 1] + "…"


def _quoted(text: str) -> str:
    """A string of Graphviz's language; a line feed in it is one in the picture."""
    plain = "\n".join(_CONTROL.sub("\ufffd", line) for line in text.split("\n"))
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _xml(text: str) -> str:
    return escape(_CONTROL.sub("\ufffd", text))
