"""A ``git cat-file --batch-command`` child, which answers one question after the other (git-cat-file(1))."""

import os
import select
import subprocess
from typing import IO, cast

from aergo_vc.base.ids import ObjectId

_SILENCE_SECONDS = 1.0
_READ_BYTES = 1 << 16


class CatFile:
    """One child.  Where it has died, answers are empty or None, and it must not be asked again."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._questions = cast("IO[bytes]", child.stdin).fileno()
        self._answers = cast("IO[bytes]", child.stdout).fileno()
        self._unread = bytearray()
        self.is_in_step = True
        """Whether the next answer will be that to the next question."""

    def ask(self, question: str, object_id: ObjectId) -> list[str]:
        """The words of the line with which git answers ``info`` or ``contents``."""
        if not self._put(question, object_id):
            return []
        while (end := self._unread.find(b"\n")) < 0:
            if not self._take():
                return []
        return self._cut(end + 1).decode("utf-8", "replace").split()

    def content(self, object_id: ObjectId, size: int) -> bytes | None:
        """What follows the answer to ``contents``: `size` bytes, by that answer."""
        while len(self._unread) <= size:
            if not select.select([self._answers], [], [], _SILENCE_SECONDS)[0]:
                # A damaged object may have fewer bytes than git has announced, and git then waits for us.  The answer
                # to anything else makes up what is missing; whether the bytes are right, their id says.
                self.is_in_step = False
                if not self._put("info", object_id):
                    return None
            elif not self._take():
                return None
        return self._cut(size + 1)[:-1]

    def end(self) -> None:
        """Let the child end."""
        if not self.is_in_step:
            self._child.kill()
        self._child.communicate()

    def _put(self, question: str, object_id: ObjectId) -> bool:
        try:
            os.write(self._questions, f"{question} {object_id}\n".encode())  # short enough to be written whole
        except OSError:  # it has died, or the system does not serve
            return False
        return True

    def _take(self) -> bool:
        data = os.read(self._answers, _READ_BYTES)
        self._unread += data
        return bool(data)

    def _cut(self, size: int) -> bytes:
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data
