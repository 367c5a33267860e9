"""What must hold of TPC-C's tables after any number of transactions (revision 5.11, clause 3.3.2)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from tpcc.population import Row, Tables

COLUMNS = {
    "warehouse": "id name street_1 street_2 city state zip tax ytd",
    "district": "w id name street_1 street_2 city state zip tax ytd next_o_id",
    "customer": "w d id first middle last street_1 street_2 city state zip phone since credit credit_lim discount"
    " balance ytd_payment payment_cnt delivery_cnt data",
    "history": "c_id c_d c_w d w date amount data",
    "orders": "w d id c_id entry_d carrier_id ol_cnt all_local",
    "new_order": "w d o_id",
    "item": "id im_id name price data",
    "stock": "w i_id quantity dist_01 dist_02 dist_03 dist_04 dist_05 dist_06 dist_07 dist_08 dist_09 dist_10 ytd"
    " order_cnt remote_cnt data",
    "order_line": "w d o_id number i_id supply_w delivery_d quantity amount dist_info",
}
"""The columns of each table in order, without the prefixes that the specification gives them."""

_TIMES = {"customer": "since", "history": "date", "orders": "entry_d", "order_line": "delivery_d"}


def without_times(table: str, rows: Iterable[Row]) -> list[Row]:
    """Rows in an order of their own, in which of a moment only stands that there is one."""
    name = _TIMES.get(table)
    if name is None:
        return sorted(rows, key=str)
    place = COLUMNS[table].split().index(name)
    return sorted(((*row[:place], row[place] is not None, *row[place + 1 :]) for row in rows), key=str)


class _Tables:
    """Columns by name."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, table: str, *names: str) -> Iterator[Any]:
        """For each row its values of some columns; a value alone where one is asked for."""
        columns = COLUMNS[table].split()
        places = [columns.index(name) for name in names]
        for row in self._tables[table]:
            yield row[places[0]] if len(places) == 1 else tuple(row[place] for place in places)

    def sums(self, table: str, key: tuple[str, ...], column: str) -> dict[Hashable, Decimal]:
        """The sum of a column for each key."""
        found: dict[Hashable, Decimal] = defaultdict(Decimal)
        for row in self.get(table, *key, column):
            found[row[:-1]] += Decimal(row[-1])
        return found


def broken(tables: Tables) -> list[int]:
    """The numbers of the conditions that do not hold."""
    found = _Tables(tables)
    return [number for number, condition in enumerate(_CONDITIONS, 1) if not condition(found)]


def _payments_of_districts_add_up(tables: _Tables) -> bool:
    districts = tables.sums("district", ("w",), "ytd")
    return all(districts[number,] == Decimal(ytd) for number, ytd in tables.get("warehouse", "id", "ytd"))


def _next_order_follows_the_last(tables: _Tables) -> bool:
    orders: dict[Any, int] = defaultdict(int)
    waiting: dict[Any, int] = defaultdict(int)
    for w, d, number in tables.get("orders", "w", "d", "id"):
        orders[w, d] = max(orders[w, d], number)
    for w, d, number in tables.get("new_order", "w", "d", "o_id"):
        waiting[w, d] = max(waiting[w, d], number)
    return all(
        following - 1 == orders[w, d] and ((w, d) not in waiting or waiting[w, d] == orders[w, d])
        for w, d, following in tables.get("district", "w", "id", "next_o_id")
    )


def _waiting_orders_have_no_gap(tables: _Tables) -> bool:
    waiting: dict[Any, list[int]] = defaultdict(list)
    for w, d, number in tables.get("new_order", "w", "d", "o_id"):
        waiting[w, d].append(number)
    return all(max(numbers) - min(numbers) + 1 == len(numbers) for numbers in waiting.values())


def _lines_are_as_many_as_districts_orders_say(tables: _Tables) -> bool:
    lines = Counter(tables.get("order_line", "w", "d"))
    return all(lines[key] == total for key, total in tables.sums("orders", ("w", "d"), "ol_cnt").items())


def _orders_without_carrier_wait(tables: _Tables) -> bool:
    waiting = set(tables.get("new_order", "w", "d", "o_id"))
    return all(
        (carrier is None) == ((w, d, number) in waiting)
        for w, d, number, carrier in tables.get("orders", "w", "d", "id", "carrier_id")
    )


def _lines_are_as_many_as_each_order_says(tables: _Tables) -> bool:
    lines = Counter(tables.get("order_line", "w", "d", "o_id"))
    return all(
        lines[key] == count
        for *where, count in tables.get("orders", "w", "d", "id", "ol_cnt")
        for key in [tuple(where)]
    )


def _lines_are_delivered_with_their_order(tables: _Tables) -> bool:
    open_orders = {
        tuple(key) for *key, carrier in tables.get("orders", "w", "d", "id", "carrier_id") if carrier is None
    }
    return all(
        (delivered is None) == (tuple(key) in open_orders)
        for *key, delivered in tables.get("order_line", "w", "d", "o_id", "delivery_d")
    )


def _warehouses_got_what_history_says(tables: _Tables) -> bool:
    paid = tables.sums("history", ("w",), "amount")
    return all(paid[number,] == Decimal(ytd) for number, ytd in tables.get("warehouse", "id", "ytd"))


def _districts_got_what_history_says(tables: _Tables) -> bool:
    paid = tables.sums("history", ("w", "d"), "amount")
    return all(paid[w, d] == Decimal(ytd) for w, d, ytd in tables.get("district", "w", "id", "ytd"))


def _delivered(tables: _Tables) -> dict[Hashable, Decimal]:
    """What each customer has been delivered, in money."""
    buyers = {tuple(key): buyer for *key, buyer in tables.get("orders", "w", "d", "id", "c_id")}
    found: dict[Hashable, Decimal] = defaultdict(Decimal)
    for w, d, order, amount, moment in tables.get("order_line", "w", "d", "o_id", "amount", "delivery_d"):
        if moment is not None:
            found[w, d, buyers[w, d, order]] += Decimal(amount)
    return found


def _balance_is_deliveries_less_payments(tables: _Tables) -> bool:
    delivered, paid = _delivered(tables), tables.sums("history", ("c_w", "c_d", "c_id"), "amount")
    return all(
        Decimal(balance) == delivered[tuple(key)] - paid[tuple(key)]
        for *key, balance in tables.get("customer", "w", "d", "id", "balance")
    )


def _orders_less_waiting_are_those_delivered(tables: _Tables) -> bool:
    orders = Counter(tables.get("orders", "w", "d"))
    waiting = Counter(tables.get("new_order", "w", "d"))
    carried = Counter((w, d) for w, d, carrier in tables.get("orders", "w", "d", "carrier_id") if carrier is not None)
    return all(orders[key] - waiting[key] == carried[key] for key in orders)


def _balance_and_payments_are_deliveries(tables: _Tables) -> bool:
    delivered = _delivered(tables)
    return all(
        Decimal(balance) + Decimal(paid) == delivered[tuple(key)]
        for *key, balance, paid in tables.get("customer", "w", "d", "id", "balance", "ytd_payment")
    )


_CONDITIONS: tuple[Callable[[_Tables], bool], ...] = (
    _payments_of_districts_add_up,
    _next_order_follows_the_last,
    _waiting_orders_have_no_gap,
    _lines_are_as_many_as_districts_orders_say,
    _orders_without_carrier_wait,
    _lines_are_as_many_as_each_order_says,
    _lines_are_delivered_with_their_order,
    _warehouses_got_what_history_says,
    _districts_got_what_history_says,
    _balance_is_deliveries_less_payments,
    _orders_less_waiting_are_those_delivered,
    _balance_and_payments_are_deliveries,
)
