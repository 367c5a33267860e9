"""``branch.json``: the law of a branch.  ``man 5 aergo-branch``."""

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import BlockId
from aergo_vc.base.names import branch_name, entity_name, routine_name
from aergo_vc.codec.canonical_json import decode_keys_on_lines, encode_keys_on_lines
from aergo_vc.codec.record import Record
from aergo_vc.model.blocks import Consensus, Law, MergeRule, Policy

_VERSION = 1
_KEYS = ("consensus", "merge", "name", "producer", "root", "version")
_OPTIONAL_KEYS = frozenset({"settle"})


def encode_law(law: Law) -> bytes:
    """The bytes of ``branch.json``."""
    value = {
        "consensus": law.consensus,
        "merge": law.merge,
        "name": law.name,
        "producer": law.producer,
        "root": law.root,
        "version": _VERSION,
    }
    return encode_keys_on_lines(value if law.settle is None else {**value, "settle": law.settle})


def decode_law(data: bytes) -> Law:
    """Read ``branch.json``; raises FormatError."""
    value = decode_keys_on_lines(data)
    record = Record(value, _KEYS, "branch.json", _OPTIONAL_KEYS)
    record.version(_VERSION)
    consensus = record.choice("consensus", Consensus)
    producer = None if value["producer"] is None else record.name("producer", entity_name)
    if (consensus is Consensus.SOLE) != (producer is not None):
        raise FormatError("branch.json: a sole producer is named exactly if consensus is sole")
    root = record.optional_id("root")
    return Law(
        name=record.name("name", branch_name),
        root=None if root is None else BlockId(root),
        consensus=consensus,
        producer=producer,
        merge=record.choice("merge", MergeRule),
        settle=record.name("settle", settlement) if record.has("settle") else None,
    )


def settlement(text: str) -> str:
    """`text` as what settles inconsistencies: a policy's name or a routine's; raises NameNotAllowedError."""
    return text if text in list(Policy) else routine_name(text)
