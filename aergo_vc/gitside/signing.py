"""The signing program, which git calls for every commit and tag, and to check signatures.

The commit of a block is checked and signed with its producer's key, or refused.  Everything else goes the user's own
way: to the program that they have set, under their settings; or, where they sign nothing, back without a signature.
"""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.codec.git_commit import read_links
from aergo_vc.gitside.sides import current_branch, is_ordinary, ledger_of
from aergo_vc.gitside.telling import explain, tell
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.refs import open_refs
from aergo_vc.repository.quick_stubs import READ_BEFORE
from aergo_vc.repository.user_settings import is_true, parse_scoped, users_own

REFUSED, MISUSED, INTERRUPTED = 1, 2, 130
_PROGRAMS = {
    "openpgp": (("gpg.program", "gpg.openpgp.program"), "gpg"),
    "ssh": (("gpg.ssh.program",), "ssh-keygen"),
    "x509": (("gpg.x509.program",), "gpgsm"),
}
_SSH_SIGN = ("-Y", "sign")
_SIGN = "-bsau"
_STATUS = re.compile(r"--status-fd=(\d+)")
_EXPLICIT = re.compile(r"-S.*|--gpg-sign(?:=.*)?")
_PICKED = ("CHERRY_PICK_HEAD", "REVERT_HEAD")
_SEQUENCES = ("sequencer", "rebase-merge", "rebase-apply")


def run(words: Sequence[str]) -> int:
    """Serve git's call in the format that the first word names; returns the exit status."""
    if not words or words[0] not in _PROGRAMS:
        tell("error: the signing program is called by git, with a format and its arguments")
        return MISUSED
    try:
        read_before = os.environb.pop(os.fsencode(READ_BEFORE), b"")
        return _serve(words[0], list(words[1:]), read_before, os.environ)
    except AergoError as error:
        with _where_git_speaks(words[0]):
            explain(error)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _serve(signing_format: str, arguments: list[str], read_before: bytes, variables: Mapping[str, str]) -> int:
    if signing_format == "ssh":
        is_signing = tuple(arguments[:2]) == _SSH_SIGN
        payload = Path(arguments[-1]).read_bytes() if is_signing else b""
    else:
        is_signing = _SIGN in arguments
        payload = read_before + sys.stdin.buffer.read() if is_signing else b""
    if not is_signing:
        return _hand_on(signing_format, arguments, None, variables)
    if not payload.startswith(b"tree "):
        return _hand_on(signing_format, arguments, payload, variables)
    armor = _block_signature(payload, variables) if _holds_block(payload, variables) else None
    if armor is None and _signs_ordinary_commits(variables):
        return _hand_on(signing_format, arguments, payload, variables)
    _answer(signing_format, arguments, armor or b"")  # of an empty answer git makes no signature at all
    return 0


@contextmanager
def _where_git_speaks(signing_format: str) -> Iterator[None]:
    """Let standard error be that of the git that waits: what gpg says there, git before 2.40 keeps to itself."""
    try:
        stream = None if signing_format == "ssh" else Path(f"/proc/{os.getppid()}/fd/2").open("a")  # noqa: SIM115
    except OSError:
        stream = None
    if stream is None:
        yield
        return
    with stream, redirect_stderr(stream):
        yield


def _holds_block(payload: bytes, variables: Mapping[str, str]) -> bool:
    """Whether a commit makes a block, or claims to."""
    try:
        paths = find_repository(Path.cwd(), variables)
        links = read_links(payload)
        with open_store(paths, Preference.QUICK_START, variables) as objects:
            ledger = ledger_of(objects, links.tree)
            return not is_ordinary(objects, links.parents, ledger, current_branch(paths, variables))
    except RepositoryError as error:
        # A repository that we cannot read is no reason to keep anybody from working in it.
        tell(f"warning: the signing program could not look at the ledger: {error.message}")
        return False


def _block_signature(payload: bytes, variables: Mapping[str, str]) -> bytes:
    """The signature of a block's commit.  Raises AergoError for one that may not be."""
    # What a block needs is loaded only now.
    blocks = importlib.import_module("aergo_vc.gitside.block_commits")
    return bytes(blocks.sign_block_commit(payload, variables))


def _answer(signing_format: str, arguments: Sequence[str], armor: bytes) -> None:
    """Give git a signature as the program of this format does (git's gpg-interface.c)."""
    if signing_format == "ssh":
        Path(f"{arguments[-1]}.sig").write_bytes(armor)
        return
    sys.stdout.buffer.write(armor)
    sys.stdout.buffer.flush()
    stated = [found[1] for word in arguments if (found := _STATUS.fullmatch(word))]
    os.write(int(stated[0]) if stated else 2, b"\n[GNUPG:] SIG_CREATED \n")


def _hand_on(signing_format: str, arguments: Sequence[str], payload: bytes | None, variables: Mapping[str, str]) -> int:
    """Call the user's own program; `payload` is what it reads where git has given it on standard input."""
    names, default = _PROGRAMS[signing_format]
    own = _users_settings(variables)
    program = next((own[name] for name in names if name in own), default)
    if program.startswith("~/"):
        program = str(Path(variables.get("HOME", "/")) / program[2:])
    stdin = None if payload is None or signing_format == "ssh" else payload
    try:
        return subprocess.run([program, *arguments], input=stdin, env=variables, check=False).returncode
    except OSError as error:
        tell(f"error: cannot run {program}: {error.strerror}")
        return REFUSED


def _signs_ordinary_commits(variables: Mapping[str, str]) -> bool:
    return is_true(_users_settings(variables).get("commit.gpgsign")) or _asked_to_sign(variables)


def _asked_to_sign(variables: Mapping[str, str]) -> bool:
    """Whether the git that waits for us was told to sign by an option, as far as the system tells its words.

    What picks several commits hands our own setting on as such an option.
    """
    try:
        paths = find_repository(Path.cwd(), variables)
        refs = open_refs(paths, variables)
        if any((paths.git_dir / name).exists() for name in _SEQUENCES) or any(map(refs.read, _PICKED)):
            return False
        words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except (OSError, RepositoryError):
        return False
    return any(_EXPLICIT.fullmatch(word) for word in words)


def _users_settings(variables: Mapping[str, str]) -> Mapping[str, str]:
    command = ["git", "config", "--null", "--show-scope", "--list"]
    done = subprocess.run(command, env=variables, capture_output=True, check=False)
    return users_own(parse_scoped(done.stdout.decode("utf-8", "replace")))
