"""Asks for privileges on an engine's behalf: for its scripts, definitions, calls and loads."""

from collections.abc import Iterable

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import LoadMode
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.privileges.defining_rights import require_definition, require_granting, require_takeover
from aergo_vc.sql.privileges.rights import Rights
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.needs import Needs, Requirements


class Permits:
    """Who may do what under the catalog of the moment; all methods but two raise SqlError 42501.

    `deployed` is the contract in whose deployment something is done, where everything may be done; or None.
    """

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._user = ""
        self.rights = Rights(self._catalog)

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions or grants have changed."""
        self._catalog = catalog
        self.rights = Rights(catalog, self.rights.roles_of)

    def begin(self, context: ExecutionContext) -> None:
        """What follows is done by the context's signer."""
        self._user = context.signer
        self.rights.begin(context.roles_of)

    def require(self, requirements: Requirements, deployed: str | None = None) -> None:
        """Ask for what a statement takes."""
        self.rights.require(requirements, self._user, deployed)

    def deploy(self, contract: str) -> None:
        """Ask for a deployment."""
        require_takeover(self.rights, self._catalog, contract, self._user)

    def define(self, definition: Definition, granted: Iterable[str] | None, deployed: str | None) -> None:
        """Ask for a definition, which changes the privileges of things or, with None, does something else."""
        if granted is not None:
            require_granting(self.rights, self._catalog, granted, self._user, deployed)
        else:
            require_definition(self.rights, self._catalog, definition, self._user, deployed)

    def settle(self, context: ExecutionContext, table: TableName, privilege: str, columns: Iterable[str]) -> None:
        """Ask for INSERT, UPDATE or DELETE of rows that a law decided about."""
        self.begin(context)
        needs = Needs()
        visible = {column.name for column in self._catalog.tables[table].visible_columns}
        needs.add(f"table {table}", privilege, *[name for name in columns if name in visible])
        self.require(needs.requirements())

    def load(self, context: ExecutionContext, table: TableName, mode: LoadMode | None, *, deletes: bool) -> None:
        """Ask for what a load takes: INSERT, for UPSERT also UPDATE, for keys that go DELETE; no rows come for None."""
        self.begin(context)
        names = [column.name for column in self._catalog.tables[table].visible_columns]
        needs = Needs()
        if mode is not None:
            needs.add(f"table {table}", "insert", *names)
        if mode is LoadMode.UPSERT:
            needs.add(f"table {table}", "update", *names)
        if deletes:
            needs.add(f"table {table}", "delete")
        self.require(needs.requirements())
