"""What the directory must hold after each of its transactions, so that nobody can lock everybody out."""

from collections.abc import Iterator

from aergo_vc.base.errors import InputError, InvalidError
from aergo_vc.base.ids import BranchName, Digest, TableName
from aergo_vc.directory.authorities import authority_of_rows
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.model.directory import Authority, Role
from aergo_vc.model.types import Value
from aergo_vc.sql.engine import Engine


class ConstitutionError(InputError):
    """A transaction would leave the directory unreadable, or without anybody who could act."""

    code = "E_CONSTITUTION"


def keep_constitution(branch: BranchName, engine: Engine) -> None:
    """Raise ConstitutionError unless the tables that a transaction of the directory leaves make sense.

    Asked at the end of each transaction of every branch; others than the directory may hold what they like.
    """
    if branch != DIRECTORY_BRANCH:
        return
    try:
        authority = authority_of_rows(lambda name: _rows(engine, name), Digest(""), 0, 1)
    except InvalidError as error:
        raise ConstitutionError(f"the directory would make no sense: {error.message}") from error
    _require_people(authority)


def _require_people(authority: Authority) -> None:
    entities = authority.entities
    for producer in authority.roster.producers:
        if producer not in entities or not entities[producer].keys:
            raise ConstitutionError(f"producer {producer} would have no key", entity=producer)
    if not any(Role.ADMIN in entity.roles and entity.keys for entity in entities.values()):
        raise ConstitutionError("the directory would have no admin with a key")


def _rows(engine: Engine, name: str) -> Iterator[dict[str, Value]]:
    table = engine.catalog.tables.get(TableName(f"directory.{name}"))
    if table is not None:
        names = [column.name for column in table.columns]
        for row in engine.rows(table.name):
            yield dict(zip(names, row, strict=True))
