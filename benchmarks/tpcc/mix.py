"""The transactions of TPC-C's mix (revision 5.11, clauses 2 and 5.2.3) as calls, the same on every run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tpcc.population import DISTRICTS, Size, highest_name, last_name, money, skewed

SHARES = (("new_order", 45), ("payment", 43), ("order_status", 4), ("delivery", 4), ("stock_level", 4))
"""Of a hundred transactions."""

VOID = "TPC01"
"""SQLSTATE of an order for an item that does not exist; the specification has one in a hundred orders be void."""

Argument = None | int | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A routine with its arguments in canonical values; `is_void` says that it fails as it should."""

    routine: str
    arguments: tuple[Argument, ...]
    is_void: bool = False


class Mix:
    """Draws calls for the one warehouse."""

    def __init__(self, size: Size, seed: int = 2) -> None:
        self._size = size
        self._source = random.Random(seed)

    def calls(self, count: int) -> Iterator[Call]:
        """So many calls; in each hundred each transaction has its share, in a drawn order."""
        cards = [name for name, share in SHARES for _ in range(share)]
        while count > 0:
            self._source.shuffle(cards)
            yield from (getattr(self, f"_{name}")() for name in cards[:count])
            count -= len(cards)

    def _district(self) -> int:
        return self._source.randint(1, DISTRICTS)

    def _customer(self) -> int:
        return skewed(self._source, 1_023, 1, self._size.customers)

    def _number_or_name(self) -> tuple[int | None, str | None]:
        if self._source.random() < 0.4:
            return self._customer(), None
        return None, last_name(skewed(self._source, 255, 0, highest_name(self._size)))

    def _new_order(self) -> Call:
        lines = self._source.randint(5, 15)
        items = [skewed(self._source, 8_191, 1, self._size.items) for _ in range(lines)]
        is_void = self._source.random() < 0.01
        if is_void:
            items[-1] = self._size.items + 1
        quantities = tuple(self._source.randint(1, 10) for _ in range(lines))
        arguments = (1, self._district(), self._customer(), tuple(items), (1,) * lines, quantities)
        return Call("new_order", arguments, is_void)

    def _payment(self) -> Call:
        number, name = self._number_or_name()
        amount = money(self._source.randint(100, 500_000))
        district = self._district()
        return Call("payment", (1, district, 1, district, number, name, amount))

    def _order_status(self) -> Call:
        return Call("order_status", (1, self._district(), *self._number_or_name()))

    def _delivery(self) -> Call:
        return Call("delivery", (1, self._source.randint(1, 10)))

    def _stock_level(self) -> Call:
        return Call("stock_level", (1, self._district(), self._source.randint(10, 20)))
