"""The state cache: the engine's database of a branch, kept in a file between processes.

It may be deleted, damaged or left behind by another version at any time.  A stamp beside the file says which file was
left in good order: size, time of change, inode, versions.  The stamp goes before the first write and comes back
afterwards, so that whatever happened to the file in between, or without us, leads to its being made anew from the
trees.  Between the verbs of one process the database stays open; it is taken up again if the stamp is still the one
that was left and the file still at the state that the machine is at.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aergo_vc.base.errors import AergoError, InvalidError, RepositoryError
from aergo_vc.base.ids import BranchName, Digest, ObjectId
from aergo_vc.directory.constitution import keep_constitution
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import Machine, Submission
from aergo_vc.model.blocks import RULES
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import EngineError

_VERSION = 3


@contextmanager
def state_cache(workspace: Workspace, branch: BranchName) -> Iterator["StateCache"]:
    """The state cache of a branch.  To be used under the ledger's lock, and not nested."""
    kept, workspace.resting = workspace.resting, None
    if not (isinstance(kept, StateCache) and kept.branch == branch and kept.resume()):
        if kept is not None:
            kept.close()
        kept = StateCache(workspace, branch)
    try:
        yield kept
    except EngineError:
        kept.close()
        raise
    except AergoError:
        kept.rest()
        workspace.resting = kept
        raise
    except BaseException:
        kept.close()
        raise
    kept.rest()
    workspace.resting = kept


class StateCache:
    """The machine of one branch, at one block's state.

    `last_pool` is what was last read of the branch's pool, and the commit that it was read from.
    """

    def __init__(self, workspace: Workspace, branch: BranchName) -> None:
        self.branch = branch
        self._workspace = workspace
        self._path = workspace.folder / "cache" / ("state-" + branch.replace("/", "@") + ".sqlite")
        self._stamp = self._path.with_suffix(".stamp")
        self._in_file = True
        self._left: tuple[str, str | None] | None = None
        self._machine_mark: str | None = None
        self.last_pool: tuple[ObjectId, tuple[Submission, ...]] | None = None
        self.machine = self._open()

    def move_to(self, ledger: LedgerTree | None, *, keep_ahead: bool = False) -> None:
        """Bring the machine to the state of a block; None stands for the state before the first.

        With `keep_ahead` the engine's tables may be ahead of it, where they were left so.
        """
        if not keep_ahead:
            self.machine.engine.fall_back()
        if ledger is None:
            self.machine.move_to(self.machine.read_state(None, Digest("")))
            self.machine.engine.mark = ""
            return
        header = ledger.header
        mark = f"{header.state} {ledger.state}"
        if self.machine.engine.mark != mark:
            self.machine.move_to(self.machine.read_state(ledger.state, header.state))
            self.machine.engine.mark = mark
        elif self._machine_mark != mark:
            self.machine.adopt(self.machine.read_state(ledger.state, header.state))

    def rest(self) -> None:
        """Leave the file in good order, and open; a disk that fails costs the cache and nothing else."""
        self._left = None
        self._machine_mark = None
        self.machine.engine.compiled.save()
        with suppress(OSError, EngineError):
            self._machine_mark = self.machine.engine.mark
            if self._in_file:
                left = (self._describe(), self._machine_mark)
                self._stamp.write_text(left[0])
                self._left = left

    def resume(self) -> bool:
        """Whether the machine can go on where `rest` left it; if not, the cache is only good for closing."""
        try:
            if self._left is None or not self._stamp.read_text() == self._left[0] == self._describe():
                return False
            self._stamp.unlink()
            return self.machine.engine.mark == self._left[1]
        except (OSError, ValueError, EngineError):
            return False

    def close(self) -> None:
        """Close the file; it counts as left in good order if it was at rest."""
        self.machine.engine.close()

    def _open(self) -> Machine:
        if self._take_stamp():
            try:
                return self._adopt_marked(self._machine(self._path))
            except AergoError:
                pass  # the file is not what its stamp says
        path = self._made_room()
        self._in_file = path is not None
        try:
            return self._machine(path)
        except EngineError:
            self._in_file = False
            return self._machine(None)

    def _take_stamp(self) -> bool:
        """Remove the stamp; tells whether it was that of the file."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            sound = self._stamp.read_bytes() == self._describe().encode()
            self._stamp.unlink()
        except (OSError, ValueError):
            return False
        return sound

    def _made_room(self) -> Path | None:
        """Remove the file; None, for memory, where it cannot be written."""
        try:
            self._stamp.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
            self._path.touch()
        except OSError:
            return None
        return self._path

    def _machine(self, path: Path | None) -> Machine:
        compiled = CompiledCache(self._workspace.folder / "compiled")
        engine = Engine(path, compiled=compiled)
        return Machine(engine, self._workspace.writer, self._workspace.nodes, keep_constitution)

    @staticmethod
    def _adopt_marked(machine: Machine) -> Machine:
        """Take up the state that the file says it holds, if its trees are still there; else begin empty."""
        digest, _, object_id = (machine.engine.mark or "").partition(" ")
        if object_id:
            state = None if object_id == "None" else ObjectId(object_id)
            try:
                machine.adopt(machine.read_state(state, Digest(digest)))
            except (RepositoryError, InvalidError):
                machine.forget()
        return machine

    def _describe(self) -> str:
        found = self._path.stat()
        facts = {
            "version": _VERSION,
            "rules": RULES,
            "size": found.st_size,
            "changed": found.st_mtime_ns,
            "inode": found.st_ino,
        }
        return json.dumps(facts)
