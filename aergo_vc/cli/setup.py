"""Verbs that set a repository up: init, install, uninstall, doctor."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from aergo_vc.cli.commands import AsJson, Merge, Session, new_family, session_of
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.wording import short
from aergo_vc.repository.findings import Finding, Level
from aergo_vc.repository.hooks import Program

app = new_family()

_LOOKS = {Level.ERROR: Style.RED, Level.WARNING: Style.YELLOW, Level.NOTE: Style.DIM}


@app.command()
def init(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What the ledger is called.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", metavar="NAME", help="Who founds it.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="The founder's key, as for git.")] = None,
    merge: Merge = None,
    as_json: AsJson = False,
) -> None:
    """Make a ledger in this repository, on the current branch."""
    session = session_of(context)
    with session.open() as repository:
        founded = repository.init(name=name, entity=entity, key=key, merge=merge or ())
        repository.install(this_program())
    if as_json:
        session.out.record(
            {
                "branch": founded.branch,
                "chain": founded.chain,
                "block": founded.block,
                "entity": founded.entity,
                "created": founded.created,
            }
        )
        return
    what = "Made a ledger" if founded.created else "There is a ledger"
    session.out.line(f"{what} on branch {founded.branch}: block ", Styled(short(founded.block), Style.YELLOW))
    session.out.line(f"Chain {founded.chain}")
    session.out.line(f"This clone acts for {founded.entity}")


@app.command()
def install(context: typer.Context) -> None:
    """Put this clone's hooks and settings in place."""
    session = session_of(context)
    with session.open() as repository:
        _list(session, repository.install(this_program()), "Everything is in place already")


@app.command()
def uninstall(context: typer.Context) -> None:
    """Take this clone's hooks and settings away again."""
    session = session_of(context)
    with session.open() as repository:
        _list(session, repository.uninstall(), "There is nothing to take away")


@app.command()
def doctor(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Examine this clone, its settings and the programs that it needs."""
    session = session_of(context)
    with session.open() as repository:
        return tell_findings(session, repository.doctor(), as_json=as_json)


def this_program() -> Program:
    """The interpreter and the script that run now, for hooks to call."""
    return Program(Path(sys.executable), Path(sys.argv[0]).resolve())


def tell_findings(session: Session, findings: tuple[Finding, ...], *, as_json: bool) -> int:
    """Print findings; 1 if one is an error."""
    for finding in findings:
        if as_json:
            session.out.record({"level": finding.level, "subject": finding.subject, "message": finding.message})
        else:
            look = Styled(finding.level, _LOOKS[finding.level])
            session.out.line(look, f": {finding.subject}: {finding.message}")
    if not findings and not as_json:
        session.out.line("Nothing is wrong")
    return int(any(finding.level is Level.ERROR for finding in findings))


def _list(session: Session, done: tuple[str, ...], nothing: str) -> None:
    for line in done or (nothing,):
        session.out.line(line)
