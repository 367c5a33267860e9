"""Which sequence a call such as ``nextval('s')`` names."""

import re

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT

_NAME = re.compile(r'\s*("(?:[^"]|"")+"|[^".\s]+)(?:\.("(?:[^"]|"")+"|[^".\s]+))?\s*')


SEQUENCE_CALLS = frozenset(("nextval", "currval", "setval"))
"""Functions whose first argument names a sequence."""


def sequence_named(text: str) -> TableName | None:
    """The sequence that the text of a call's argument names; None if it is no name."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    parts = [part[1:-1].replace('""', '"') if part[0] == '"' else part.lower() for part in match.groups() if part]
    return TableName(".".join(parts if len(parts) > 1 else [DEFAULT_CONTRACT, *parts]))


def name_argument(node: exp.Expression) -> exp.Literal | None:
    """The quoted name in a call, with or without ``::regclass``; None if something else stands there."""
    argument = node.expressions[0]
    if isinstance(argument, exp.Cast) and isinstance(argument.args["to"], exp.ObjectIdentifier):
        argument = argument.this
    return argument if isinstance(argument, exp.Literal) and argument.is_string else None


def sequences_in(tree: exp.Expression) -> set[TableName]:
    """The sequences that the calls in an expression name."""
    calls = [one for one in tree.find_all(exp.Anonymous) if str(one.this).lower() in SEQUENCE_CALLS and one.expressions]
    arguments = [found for one in calls if (found := name_argument(one)) is not None]
    return {name for one in arguments if (name := sequence_named(str(one.this))) is not None}


def spell_out_sequences(tree: exp.Expression) -> None:
    """Give the names of sequences in `tree` their contract."""
    for call in tree.find_all(exp.Anonymous):
        if str(call.this).lower() in SEQUENCE_CALLS and call.expressions:
            argument = name_argument(call)
            name = None if argument is None else sequence_named(str(argument.this))
            if name is not None:
                call.set("expressions", [exp.Literal.string(str(name)), *call.expressions[1:]])
