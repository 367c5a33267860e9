"""What this clone signed last, made durable before it signs again (design D10, threat C04).

The file is a log: a JSON object a line, of which the last of a chain's branch counts.  A block costs one append and one
sync; once most lines are superseded the file is written anew.  A line that a crash cut off was never signed under,
since its sync had not returned.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aergo_vc.base.ids import BlockId, BranchName, ChainId
from aergo_vc.ledger.finality import Irreversible
from aergo_vc.model.blocks import Header
from aergo_vc.objects.durable import append_to_file, replace_file, sync_directory
from aergo_vc.repository.errors import WatermarkDamagedError

_SPARE_LINES = 32
"""How many lines are appended before the file is written anew: each verb that signs reads them all."""

_Place = tuple[str, str]
"""A chain and a branch."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Of the blocks signed on a branch: the last one's slot and id, the greatest height.

    `irreversible` is the highest final block that the history then had.
    """

    slot: int
    height: int
    block: str
    irreversible: Irreversible | None = None


class Watermark:
    """What this clone last signed on each branch of each chain, made durable before a block is signed.

    Without it, a crash between signing and moving the branch could make a producer sign two blocks for one slot
    (EOSIO/eos PR 2745).  Chains are kept apart: the slots of one say nothing about those of another, such as the one
    that an interrupted founding began.  The highest final block that was seen is kept beside, lest this clone builds on
    a history without it.  Raises WatermarkDamagedError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[_Place, Irreversible] = {}
        self._marks: dict[_Place, Mark] = {}
        self._room = 0
        """How many lines may still be appended; none where the file does not end with a whole one."""
        self._is_new = False
        """Whether nothing was appended yet: a crash may have kept the file's name from being durable."""
        self._stamp = self._stamp_now()
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        try:
            self._take(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WatermarkDamagedError(f"{path} is damaged: it does not say what was signed last") from error

    def is_current(self) -> bool:
        """Whether the file is as it was when it was read, or written from here, last."""
        return self._stamp is not None and self._stamp == self._stamp_now()

    def _stamp_now(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def last(self, chain: ChainId, branch: BranchName) -> Mark | None:
        """The last block signed."""
        return self._marks.get((chain, branch))

    def irreversible(self, chain: ChainId, branch: BranchName) -> Irreversible | None:
        """The highest final block that was seen when a block was signed, or just now."""
        last = self.last(chain, branch)
        return self._seen.get((chain, branch), None if last is None else last.irreversible)

    def see_irreversible(self, chain: ChainId, branch: BranchName, final: Irreversible) -> None:
        """Note a final block; it becomes durable with the next block that is signed."""
        self._seen[chain, branch] = final

    def raise_to(self, header: Header, block: BlockId) -> None:
        """Note, durably, that `header` is about to be signed."""
        place = header.chain, header.branch
        self._stamp = None  # until it is known to be written
        last = self.last(*place)
        height = header.height if last is None else max(header.height, last.height)
        mark = self._marks[place] = Mark(header.slot, height, block, self.irreversible(*place))
        room, self._room = self._room, 0  # until the line is known to be whole
        if room > 0:
            if self._is_new:
                sync_directory(self._path.parent)
                self._is_new = False
            append_to_file(self._path, _line(place, mark))
            self._room = room - 1
        else:
            replace_file(self._path, b"".join(_line(*each) for each in self._marks.items()))
            self._room = _SPARE_LINES + len(self._marks)
        self._stamp = self._stamp_now()

    def _take(self, data: bytes) -> None:
        *lines, tail = data.split(b"\n")
        for line in lines:
            self._marks.update(_marks_in(json.loads(line)))
        self._room = _SPARE_LINES + 2 * len(self._marks) - len(lines)
        self._is_new = len(lines) <= len(self._marks)
        if tail or not lines:
            self._room = 0
            try:
                self._marks.update(_marks_in(json.loads(tail)))
            except ValueError:
                if not lines:
                    raise


def _line(place: _Place, mark: Mark) -> bytes:
    final = mark.irreversible
    stored = {
        "chain": place[0],
        "branch": place[1],
        "slot": mark.slot,
        "height": mark.height,
        "block": mark.block,
        "irreversible": None if final is None else {"height": final.height, "block": final.block},
    }
    return json.dumps(stored).encode() + b"\n"


def _marks_in(stored: Mapping[str, Any]) -> Iterator[tuple[_Place, Mark]]:
    """What a line says; in files of before 2026-11-22 the only one said it of all branches, by chain."""
    if "chain" in stored:
        yield (str(stored["chain"]), str(stored["branch"])), _mark(stored)
        return
    for chain, branches in stored.items():
        for branch, mark in branches.items():
            yield (chain, branch), _mark(mark)


def _mark(stored: Mapping[str, Any]) -> Mark:
    final = stored.get("irreversible")
    irreversible = None if final is None else Irreversible(int(final["height"]), BlockId(str(final["block"])))
    return Mark(int(stored["slot"]), int(stored["height"]), str(stored["block"]), irreversible)
