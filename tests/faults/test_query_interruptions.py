"""Wherever the preparation of a query file is cut off, the next session shows the state, whole."""

from pathlib import Path

import pytest
from query_states import States, make_table

from aergo_vc.model.changes import RowChange
from aergo_vc.model.types import Kind, Row
from aergo_vc.query.messages import Answer, Request
from aergo_vc.query.process import QueryProcess
from aergo_vc.query.session import QuerySession
from aergo_vc.query.state import QueryState, QueryTable
from aergo_vc.state.editing import apply_changes

TABLE = make_table("public.t", {"id": Kind.INTEGER, "v": Kind.NUMERIC}, ["id"])
REQUESTS_OF_A_MOVE = 7


class PowerCut(BaseException):
    """The end of the program, as the tests play it."""


def shown(table: QueryTable, folder: Path) -> list[Row]:
    """What a session shows of the newest state."""
    with QuerySession(QueryState({TABLE.name: table}, line="main"), folder) as session:
        return list(session.query("SELECT count(*), sum(v) FROM t").rows())


@pytest.mark.parametrize("after", range(1, REQUESTS_OF_A_MOVE + 1))
def test_a_cut_after_any_request_leaves_nothing_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    states = States()
    first = states.table(TABLE, [(n, "1") for n in range(3_000)])
    changes: dict[Row, RowChange] = {(7,): RowChange((7, "1"), (7, "2.5")), (9,): RowChange((9, "1"), None)}
    second = states.at(TABLE, apply_changes(first.tree, first.node, changes))
    shown(first, tmp_path / "q")
    count = 0
    ask = QueryProcess.ask

    def cut(self: QueryProcess, request: Request, seconds: float) -> Answer:
        nonlocal count
        count += 1
        answer = ask(self, request, seconds)
        if count == after:
            self.close()
            raise PowerCut
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(QueryProcess, "ask", cut)
        with pytest.raises(PowerCut):
            shown(second, tmp_path / "q")
    assert shown(second, tmp_path / "q") == [(2_999, "3000.5")]
    assert shown(first, tmp_path / "q") == [(3_000, "3000")]


def test_an_interrupted_query_gives_its_rows_to_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = States().table(TABLE, [(1, "1")])
    with QuerySession(QueryState({TABLE.name: table}), tmp_path / "q") as session:
        session.open()
        with monkeypatch.context() as patched:

            def interrupted(*_: object) -> bytes:
                raise KeyboardInterrupt

            patched.setattr(QueryProcess, "_read", interrupted)
            with pytest.raises(KeyboardInterrupt):
                session.query("SELECT 'stale'")
        assert list(session.query("SELECT 'fresh'").rows()) == [("fresh",)]
