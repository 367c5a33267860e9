"""Groups of transactions that touch no common rows."""

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.ledger.parallel.groups import divided

TOUCHED = st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=40)


@given(touched=TOUCHED, count=st.integers(1, 4))
def test_transactions_of_different_groups_have_no_row_in_common(touched: list[list[int]], count: int) -> None:
    groups = divided(touched, [1 / count] * count)
    assert len(groups) == len(touched)
    owners: dict[int, int] = {}
    for rows, group in zip(touched, groups, strict=True):
        assert 0 <= group < count
        for row in rows:
            assert owners.setdefault(row, group) == group


def test_single_transactions_are_shared_out_as_was_asked() -> None:
    groups = divided([[number] for number in range(1_000)], [0.7, 0.2, 0.1])
    assert [groups.count(group) for group in range(3)] == [700, 200, 100]


def test_what_hangs_together_too_much_stays_with_the_first() -> None:
    chain = [[number, number + 1] for number in range(90)]
    groups = divided([*chain, *[[1_000 + number] for number in range(10)]], [0.2, 0.8])
    assert groups[:90] in ([1] * 90, [0] * 90)
    assert divided(chain, [0.2, 0.8]) == [0] * 90
