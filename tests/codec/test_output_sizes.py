"""How long the events and the result of a transaction are in its receipt."""

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TransactionId
from aergo_vc.codec.receipts import encode_receipts, output_size
from aergo_vc.model.transactions import CallResult, Event, Receipt

_NAMES = st.from_regex(r"[a-z]{1,5}\.[a-z]{1,5}", fullmatch=True)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
_EVENTS = st.lists(st.builds(Event, _NAMES, st.dictionaries(st.text(max_size=4), _VALUES, max_size=3)), max_size=3)
_RESULTS = st.none() | st.builds(
    CallResult, st.just(("a", "b")), st.lists(st.tuples(_VALUES, _VALUES), max_size=3).map(tuple)
)


@given(_EVENTS.map(tuple), _RESULTS)
def test_the_output_is_what_a_receipt_has_beside_rows_and_a_name(
    events: tuple[Event, ...], result: CallResult | None
) -> None:
    transaction = TransactionId("0" * 64)
    line = encode_receipts([Receipt(transaction, {}, events, result)])
    bare = encode_receipts([Receipt(transaction)])
    comma = 1 if events or result is not None else 0
    assert output_size(events, result) - len("{}") == len(line) - len(bare) - comma
