"""What a branch's maker may say of its law."""

from collections.abc import Sequence

from aergo_vc.base.errors import InputError
from aergo_vc.codec.law import settlement
from aergo_vc.merging.logic import SIGNATURES, logic_of
from aergo_vc.model.blocks import MergeRule, Policy
from aergo_vc.model.schema import Catalog


class LawError(InputError):
    """A branch cannot have such a law."""

    code = "E_LAW"


def merge_law(words: Sequence[str]) -> tuple[MergeRule, str | None]:
    """The rule and what settles, of words of which at most one says either; raises LawError, NameNotAllowedError."""
    rules = [word for word in words if word in list(MergeRule)]
    others = [word for word in words if word not in rules]
    for told in (rules, others):
        if len(told) > 1:
            raise LawError(
                f"a branch is merged by one of {' and '.join(told)}, not by both", first=told[0], second=told[1]
            )
    for word in others:
        if "." not in word and word not in list(Policy):
            known = ", ".join([*MergeRule, *Policy])
            raise LawError(f"{word!r} is no way of merging: contract.function or one of {known}", word=word)
    rule = MergeRule(rules[0]) if rules else MergeRule.LOST_UPDATE
    return rule, settlement(others[0]) if others else None


def require_logic(catalog: Catalog, settle: str | None) -> None:
    """Raise LawError unless what is to settle exists and takes what it will be given."""
    if settle is None or not logic_of(catalog, settle).is_empty:
        return
    if settle not in catalog.routines:
        raise LawError(f"there is no function {settle} at the block where the branch begins", routine=settle)
    raise LawError(f"{settle} can settle nothing: {SIGNATURES} is expected", routine=settle)
