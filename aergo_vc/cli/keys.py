"""Keys: key new, key list, key show."""

from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Session, new_family, session_of
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.running import UsageError, named

if TYPE_CHECKING:
    from aergo_vc.repository.keyring import KeyInfo

app = new_family()
key = new_family()
app.add_typer(key, name="key", help="Make, list and show keys.")

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The key's name.", show_default=False)]


@key.command("new")
def new(context: typer.Context, *, name: Name = None, as_json: AsJson = False) -> None:
    """Make an Ed25519 key in OpenSSH's format for this clone."""
    session = session_of(context)
    with session.open() as repository:
        made = repository.key_new(name)
    if as_json:
        _record(session, made)
        return
    session.out.line("Made the key ", Styled(str(made.path), Style.BOLD))
    session.out.line(_key_line(made))


@key.command("list")
def list_keys(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the keys that this clone can sign with; * marks the one in use."""
    session = session_of(context)
    with session.open() as repository:
        keys = repository.key_list()
    for info in keys:
        if as_json:
            _record(session, info)
        else:
            mark = Styled("* ", Style.GREEN) if info.current else "  "
            session.out.line(mark, _key_line(info), Styled(f"  {info.path or info.source}", Style.DIM))


@key.command()
def show(context: typer.Context, *, name: Name = None, as_json: AsJson = False) -> None:
    """Show the public key in use, or the one of that name: what to hand to others."""
    session = session_of(context)
    with session.open() as repository:
        keys = repository.key_list()
    wanted = [info for info in keys if (info.current if name is None else _is_named(info, name))]
    if not wanted:
        raise UsageError("this clone uses no key" if name is None else f"there is no key {named(name)}", verb="key")
    if as_json:
        _record(session, wanted[0])
    else:
        session.out.line(_key_line(wanted[0]))


def _is_named(info: "KeyInfo", name: str) -> bool:
    return name in (info.comment, info.public_key, str(info.path))


def _key_line(info: "KeyInfo") -> str:
    return f"{info.public_key} {info.comment}".rstrip()


def _record(session: Session, info: "KeyInfo") -> None:
    session.out.record(
        {
            "public_key": info.public_key,
            "comment": info.comment,
            "path": None if info.path is None else str(info.path),
            "source": info.source,
            "current": info.current,
        }
    )
