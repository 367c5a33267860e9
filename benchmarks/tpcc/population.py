"""The initial tables of TPC-C (revision 5.11, clause 4.3), for one warehouse and the same on every run.

Rows are in canonical values, in the order of the columns of contract.sql.
"""

import random
import string
from dataclasses import dataclass

Row = tuple[int | str | None, ...]
Tables = dict[str, list[Row]]

DISTRICTS = 10
LOADED_AT = "2026-01-01 00:00:00+00"
_SYLLABLES = ("BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING")
_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many items there are, and how many customers a district has, each with one order."""

    items: int
    customers: int

    @property
    def waiting(self) -> int:
        """Orders of each district that are not delivered yet."""
        return self.customers * 3 // 10


FULL = Size(items=100_000, customers=3_000)
"""What the specification demands."""


def last_name(number: int) -> str:
    """The last name that a number below 1,000 stands for (clause 4.3.2.3)."""
    return "".join(_SYLLABLES[number // power % 10] for power in (100, 10, 1))


def highest_name(size: Size) -> int:
    """The highest number of a last name that is in use for certain."""
    return min(size.customers, _NAMES) - 1


def skewed(source: random.Random, mask: int, low: int, high: int) -> int:
    """The specification's NURand (clause 2.1.6) with the constant 123."""
    return ((source.randint(0, mask) | source.randint(low, high)) + 123) % (high - low + 1) + low


def money(cents: int) -> str:
    """An amount with two decimal places."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02}"


class Population:
    """Makes the rows; `tables` has them by the table's name, in an order that foreign keys allow."""

    def __init__(self, size: Size, seed: int = 1) -> None:
        self.size = size
        self._source = random.Random(seed)
        self._letters = "".join(self._source.choices(string.ascii_letters + string.digits, k=100_000))
        self.tables: Tables = {
            "warehouse": [self._warehouse()],
            "district": [self._district(number) for number in range(1, DISTRICTS + 1)],
            "item": [self._item(number) for number in range(1, size.items + 1)],
            "stock": [self._stock(number) for number in range(1, size.items + 1)],
            "customer": [],
            "history": [],
            "orders": [],
            "new_order": [],
            "order_line": [],
        }
        for district in range(1, DISTRICTS + 1):
            self._add_customers(district)
            self._add_orders(district)

    def _text(self, least: int, most: int) -> str:
        length = least + int(self._source.random() * (most - least + 1))
        start = int(self._source.random() * (len(self._letters) - most))
        return self._letters[start : start + length]

    def _address(self) -> tuple[str, ...]:
        streets = self._text(10, 20), self._text(10, 20), self._text(10, 20)
        state = "".join(self._source.choices(string.ascii_uppercase, k=2))
        return *streets, state, f"{self._source.randrange(10_000):04}11111"

    def _tax(self) -> str:
        return f"0.{self._source.randint(0, 2_000):04}"

    def _marked(self) -> str:
        """A text of which every tenth says ORIGINAL."""
        text = self._text(26, 50)
        if self._source.random() >= 0.1:
            return text
        place = self._source.randint(0, len(text) - 8)
        return text[:place] + "ORIGINAL" + text[place + 8 :]

    def _warehouse(self) -> Row:
        paid = money(DISTRICTS * self.size.customers * 1_000)
        return 1, self._text(6, 10), *self._address(), self._tax(), paid

    def _district(self, number: int) -> Row:
        paid = money(self.size.customers * 1_000)
        return 1, number, self._text(6, 10), *self._address(), self._tax(), paid, self.size.customers + 1

    def _item(self, number: int) -> Row:
        price = money(self._source.randint(100, 10_000))
        return number, self._source.randint(1, 10_000), self._text(14, 24), price, self._marked()

    def _stock(self, number: int) -> Row:
        districts = [self._text(24, 24) for _ in range(DISTRICTS)]
        return 1, number, self._source.randint(10, 100), *districts, "0", 0, 0, self._marked()

    def _add_customers(self, district: int) -> None:
        for number in range(1, self.size.customers + 1):
            name = number - 1 if number <= _NAMES else skewed(self._source, 255, 0, _NAMES - 1)
            self.tables["customer"].append(
                (
                    *(1, district, number, self._text(8, 16), "OE", last_name(name), *self._address()),
                    f"{self._source.randrange(10**16):016}",
                    LOADED_AT,
                    "BC" if self._source.random() < 0.1 else "GC",
                    "50000.00",
                    f"0.{self._source.randint(0, 5_000):04}",
                    *("-10.00", "10.00", 1, 0, self._text(300, 500)),
                )
            )
            self.tables["history"].append((number, district, 1, district, 1, LOADED_AT, "10.00", self._text(12, 24)))

    def _add_orders(self, district: int) -> None:
        buyers = list(range(1, self.size.customers + 1))
        self._source.shuffle(buyers)
        first_waiting = self.size.customers - self.size.waiting + 1
        for number, buyer in enumerate(buyers, 1):
            waits = number >= first_waiting
            carrier = None if waits else self._source.randint(1, 10)
            lines = self._source.randint(5, 15)
            self.tables["orders"].append((1, district, number, buyer, LOADED_AT, carrier, lines, 1))
            if waits:
                self.tables["new_order"].append((1, district, number))
            self.tables["order_line"] += [self._line(district, number, line, waits) for line in range(1, lines + 1)]

    def _line(self, district: int, order: int, line: int, waits: bool) -> Row:  # noqa: FBT001 - of the order
        item = 1 + int(self._source.random() * self.size.items)
        amount = money(1 + int(self._source.random() * 999_999)) if waits else "0.00"
        delivered = None if waits else LOADED_AT
        return 1, district, order, line, item, 1, delivered, 5, amount, self._text(24, 24)
