"""What is read and written while a block is executed, for whoever watches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import RoutineName
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Argument, CallResult
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.footprints.recorder import Recorder
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.running.budget import Budget


class Records:
    """Records executions on an engine, and notes what they did while somebody watches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_recording = False
        self._watched: list[Footprint] | None = None

    @contextmanager
    def watched(self) -> Iterator[list[Footprint]]:
        """Note in a list all that is recorded meanwhile, of what fails and of what is undone too."""
        self._watched = found = list[Footprint]()
        try:
            yield found
        finally:
            self._watched = None

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Record what one transaction reads and writes that begins and ends inside; it is noted here if it fails."""
        with self._engine.record() as recorder:
            self._is_recording = True
            try:
                yield recorder
            except AergoError:
                self.note(recorder.failed())
                raise
            finally:
                self._is_recording = False

    def note(self, footprint: Footprint) -> None:
        """Something was read and written."""
        if self._watched is not None:
            self._watched.append(footprint)

    def ask(
        self, routine: RoutineName, arguments: Sequence[Argument | Row], context: ExecutionContext, budget: Budget
    ) -> CallResult | None:
        """The answer of a function, as `Engine.ask` gives it, recorded by itself or with the transaction at hand."""
        if self._is_recording:
            return self._engine.ask(routine, arguments, context, budget)
        with self.recording() as recorder:
            answer = self._engine.ask(routine, arguments, context, budget)
            self.note(recorder.footprint({}))
        return answer
