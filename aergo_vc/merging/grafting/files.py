"""The files of a merge block that grafted most of its transactions: stretches of the source's files, as they stand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import overload

from aergo_vc.base.ids import TransactionId
from aergo_vc.base.limits import BLOCK_FILE_BYTES, BLOCK_TRANSACTIONS
from aergo_vc.codec.receipts import decode_receipts, encode_receipts
from aergo_vc.codec.transactions import decode_transaction
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import Submission, TransactionOutcome
from aergo_vc.ledger.merges import Replayed
from aergo_vc.ledger.payloads import TransactionPayload, read_payloads
from aergo_vc.merging.candidates import Candidate, carried, settled_there
from aergo_vc.merging.grafting.dividing import Place
from aergo_vc.model.transactions import Receipt
from aergo_vc.state.nodes import NodeStore, Objects

_RESERVE_BYTES = 16 << 20
"""Room in a block's files that is not filled by grafting, so that no order of events makes a difference."""

_ID = slice(-66, -2)
"""Where a receipt's line, without its line feed, has the transaction's id."""


class SourceFiles:
    """The files of the source's blocks, oldest first; `bases` has the `SourceBlock.base` of each.

    `left_out` has, by block, the places of the transactions that are among `there`.
    """

    def __init__(
        self,
        objects: Objects,
        nodes: NodeStore,
        ledgers: Sequence[LedgerTree],
        bases: Sequence[int],
        there: AbstractSet[TransactionId],
    ) -> None:
        self._objects, self._nodes = objects, nodes
        self.ledgers = ledgers
        self.bases = bases
        self._lines: dict[int, list[bytes]] = {}
        self._receipts: dict[int, list[bytes]] = {}
        self._payloads: dict[int, list[TransactionPayload]] = {}
        self.left_out = [self._among(number, there) for number in range(len(ledgers))]

    @property
    def fit(self) -> bool:
        """Whether all transactions go into one block, whatever becomes of those that are replayed."""
        count = sum(ledger.receipts_bytes.count(b"\n") for ledger in self.ledgers)
        lines = sum(len(ledger.transactions_bytes) for ledger in self.ledgers)
        receipts = sum(len(ledger.receipts_bytes) for ledger in self.ledgers)
        return count <= BLOCK_TRANSACTIONS and max(lines, receipts) <= BLOCK_FILE_BYTES - _RESERVE_BYTES

    def lines(self, number: int) -> list[bytes]:
        """The lines of a block's transactions, without their line feeds."""
        if number not in self._lines:
            self._lines[number] = self.ledgers[number].transactions_bytes.split(b"\n")[:-1]
        return self._lines[number]

    def texts(self, number: int) -> bytes:
        """A line for each transaction of a block with all names by which it reached anything, or a law did for it."""
        ledger = self.ledgers[number]
        if not ledger.header.merged:
            return ledger.transactions_bytes
        return with_settled(ledger.transactions_bytes, self.receipts_bytes(number))

    def receipts(self, number: int) -> list[bytes]:
        """The lines of the receipts of these, likewise."""
        if number not in self._receipts:
            self._receipts[number] = self.receipts_bytes(number).split(b"\n")[:-1]
        return self._receipts[number]

    def receipts_bytes(self, number: int) -> bytes:
        """The receipts of a block's transactions as they go on from there, see `candidates.carried`."""
        ledger = self.ledgers[number]
        return encode_receipts(carried(ledger)) if ledger.header.merged else ledger.receipts_bytes

    def candidate(self, place: Place) -> Candidate:
        """A transaction as a candidate."""
        number, at = place
        line = self.lines(number)[at]
        payload = self._payload(number)[at] if self.ledgers[number].payload is not None else ()
        submission = decode_transaction(line), payload
        settled = settled_there(self.receipt(place)) if self.ledgers[number].header.merged else None
        return Candidate(submission, line + b"\n", self.bases[number], self.ledgers[number].header.time, settled)

    def receipt(self, place: Place) -> Receipt:
        """The receipt of a transaction."""
        (receipt,) = decode_receipts(self.receipts(place[0])[place[1]] + b"\n")
        return receipt

    def ids(self, number: int) -> list[TransactionId]:
        """The ids of a block's transactions."""
        return [TransactionId(line[_ID].decode()) for line in self.receipts(number)]

    @property
    def candidate_ids(self) -> set[TransactionId]:
        """The ids of all transactions but those that are left out."""
        found: set[TransactionId] = set()
        for number, absent in enumerate(self.left_out):
            found.update(name for place, name in enumerate(self.ids(number)) if place not in absent)
        return found

    def _payload(self, number: int) -> list[TransactionPayload]:
        if number not in self._payloads:
            ledger = self.ledgers[number]
            self._payloads[number] = read_payloads(self._objects, self._nodes, ledger.payload, ledger.transactions)
        return self._payloads[number]

    def _among(self, number: int, there: AbstractSet[TransactionId]) -> frozenset[int]:
        if not there:
            return frozenset()
        return frozenset(place for place, name in enumerate(self.ids(number)) if name in there)


def with_settled(transactions: bytes, receipts: bytes) -> bytes:
    """Transactions, a line each, behind which stands, after a tab, the receipt of one that was settled."""
    both = zip(transactions.split(b"\n"), receipts.split(b"\n"), strict=True)
    return b"\n".join([line + b"\t" + one if b'"settled_as":' in one else line for line, one in both])


class GraftedReplays(Sequence[Replayed]):
    """What became of all candidates of a merge; those that were grafted are read only when they are asked for.

    `results` are those of the candidates that were replayed.
    """

    def __init__(self, files: SourceFiles, results: Mapping[Place, Replayed]) -> None:
        self._files = files
        self._results = results

    @cached_property
    def transactions_bytes(self) -> bytes:
        """The lines of all that went in."""
        return b"".join(
            part if isinstance(part, bytes) else part.line
            for part in self._parts([ledger.transactions_bytes for ledger in self._files.ledgers], self._files.lines)
        )

    @cached_property
    def receipts_bytes(self) -> bytes:
        """The lines of the receipts of all."""
        return b"".join(
            part if isinstance(part, bytes) else encode_receipts([part.receipt])
            for part in self._parts(list(map(self._files.receipts_bytes, self._numbers)), self._files.receipts)
        )

    @property
    def executed(self) -> int:
        """How many were executed again, or left out without that."""
        return len(self._results)

    @property
    def refused(self) -> int:
        """How many were left out."""
        return sum(one.outcome is None for one in self._results.values())

    @property
    def bringing(self) -> Iterator[Submission]:
        """The transactions that went in, as far as they may bring rows along."""
        for number in self._numbers:
            if self._files.ledgers[number].payload is not None:
                for place in self._places_in(number):
                    one = self._one(place)
                    if one.outcome is not None:
                        yield one.submission

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Replayed: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Replayed]: ...

    def __getitem__(self, index: int | slice) -> Replayed | Sequence[Replayed]:
        if isinstance(index, slice):
            return [self._one(place) for place in self._places[index]]
        return self._one(self._places[index])

    @cached_property
    def _places(self) -> list[Place]:
        return [place for number in self._numbers for place in self._places_in(number)]

    @property
    def _numbers(self) -> range:
        return range(len(self._files.ledgers))

    def _places_in(self, number: int) -> list[Place]:
        absent = self._files.left_out[number]
        return [(number, at) for at in range(len(self._files.receipts(number))) if at not in absent]

    def _one(self, place: Place) -> Replayed:
        found = self._results.get(place)
        if found is not None:
            return found
        candidate = self._files.candidate(place)
        receipt = self._files.receipt(place)
        outcome = TransactionOutcome((), receipt)
        return Replayed(candidate.submission, candidate.line, receipt, outcome)

    def _parts(self, files: Sequence[bytes], lines_of: Callable[[int], list[bytes]]) -> Iterator[bytes | Replayed]:
        """The parts of a file: stretches of the source's, and what was replayed in between."""
        replayed: dict[int, list[int]] = {}
        for number, at in self._results:
            replayed.setdefault(number, []).append(at)
        for number, data in enumerate(files):
            breaks = sorted({*replayed.get(number, ()), *self._files.left_out[number]})
            if not breaks:
                yield data
                continue
            lines, start = lines_of(number), 0
            for at in [*breaks, len(lines)]:
                if at > start:
                    yield b"\n".join(lines[start:at]) + b"\n"
                if at < len(lines) and at not in self._files.left_out[number]:
                    yield self._results[number, at]
                start = at + 1
