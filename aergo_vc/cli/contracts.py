"""Verbs for contracts: deploy, call."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aergo_vc.cli.commands import AsJson, Message, Seal, Session, new_family, session_of
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.running import BAD_INPUT, UsageError
from aergo_vc.cli.transactions import read_text, require_seal, tell_submitted, telling_sql_errors

if TYPE_CHECKING:
    from aergo_vc.model.transactions import Argument
    from aergo_vc.repository.facade import Repository

app = new_family()

_NAMED = re.compile(r"([a-z_][a-z0-9_]*)=(.*)", re.DOTALL)


@app.command()
def deploy(
    context: typer.Context,
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False)],
    name: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Not the file's name.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Look for errors only; sign nothing.")] = False,
    commit: Seal = False,
    message: Message = None,
    as_json: AsJson = False,
) -> int:
    """Sign a contract's definition: the contract becomes what the file says."""
    session = session_of(context)
    require_seal(message, commit=commit, verb="deploy")
    if check and commit:
        raise UsageError("--check signs nothing: it goes without --commit", verb="deploy")
    if len(files) > 1 and (name is not None or not check):
        raise UsageError("one file is expected; with --check there may be several, without --as", verb="deploy")
    contracts = [(file, name or _contract_of(file), read_text(file, "deploy")) for file in files]
    with telling_sql_errors(session, as_json=as_json), session.open() as repository:
        if check:
            found = [_check(session, repository, *contract, as_json=as_json) for contract in contracts]
            return BAD_INPUT if any(found) else 0
        _, contract, text = contracts[0]
        submitted = repository.deploy(text, contract, commit=commit, message=message)
        if submitted.committed is not None:
            repository.maintain()
    tell_submitted(session, submitted, as_json=as_json)
    return 0


@app.command(context_settings={"ignore_unknown_options": True})
def call(
    context: typer.Context,
    *,
    routine: Annotated[str, typer.Argument(metavar="CONTRACT.ROUTINE", show_default=False)],
    words: Annotated[list[str] | None, typer.Argument(metavar="[ARGUMENT...]", show_default=False)] = None,
    arguments: Annotated[str | None, typer.Option("--arguments", metavar="JSON", help="Instead of words.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what it would do.")] = False,
    commit: Seal = False,
    message: Message = None,
    as_json: AsJson = False,
) -> None:
    """Sign a call of a contract's function or procedure."""
    session = session_of(context)
    require_seal(message, commit=commit, verb="call")
    if dry_run and commit:
        raise UsageError("--dry-run signs nothing: it goes without --commit", verb="call")
    if words and arguments is not None:
        raise UsageError("either arguments or --arguments is expected", verb="call")
    positional, named = _of_words(words or []) if arguments is None else _of_json(arguments)
    with telling_sql_errors(session, as_json=as_json), session.open() as repository:
        submitted = repository.call(routine, positional, named, dry_run=dry_run, commit=commit, message=message)
        if submitted.committed is not None:
            repository.maintain()
    tell_submitted(session, submitted, as_json=as_json, dry_run=dry_run)


def _contract_of(file: str) -> str:
    if file == "-":
        raise UsageError("standard input has no name: --as NAME is expected", verb="deploy")
    return Path(file).stem


def _check(session: Session, repository: "Repository", file: str, contract: str, text: str, *, as_json: bool) -> bool:
    """Tell what is wrong with a file; returns whether anything is."""
    problem = repository.check(text, contract)
    if problem is None:
        return False
    if as_json:
        session.out.record({"file": file, **asdict(problem)})
    else:
        place = f"{file}:{problem.line}:{problem.column}: "
        session.err.line(place, Styled("error: ", Style.RED), f"{problem.message} [{problem.sqlstate}]")
    return True


def _of_words(words: list[str]) -> "tuple[tuple[Argument, ...], dict[str, Argument]]":
    """Arguments by place and by name; the word NULL is NULL."""
    positional: list[Argument] = []
    named: dict[str, Argument] = {}
    for word in words:
        match = _NAMED.fullmatch(word)
        text = word if match is None else match[2]
        value = None if text == "NULL" else text
        if match is None:
            positional.append(value)
        elif match[1] in named:
            raise UsageError(f"{match[1]} is given twice", verb="call")
        else:
            named[match[1]] = value
    return tuple(positional), named


def _of_json(text: str) -> "tuple[tuple[Argument, ...], dict[str, Argument]]":
    from aergo_vc.codec.canonical_json import parse  # noqa: PLC0415 - loads msgspec

    value = parse(text.encode())
    if isinstance(value, list):
        return tuple(map(_argument, value)), {}
    if isinstance(value, dict):
        return (), {name: _argument(found) for name, found in value.items()}
    raise UsageError("--arguments takes an array, or an object with the names of parameters", verb="call")


def _argument(value: Any) -> "Argument":  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return tuple(map(_argument, value))
    return json.dumps(value) if isinstance(value, dict) else value
