"""Asks for privileges on an engine's behalf: for its scripts, definitions, calls and loads."""

from dataclasses import replace

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import LoadMode
from aergo_vc.sql.defining_rights import require_definition, require_granting, require_takeover
from aergo_vc.sql.definitions import Definition
from aergo_vc.sql.deploying import Deployment, Tree
from aergo_vc.sql.granting import granted_things, without_lost
from aergo_vc.sql.needs import Needs, Requirements
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.defining import definition_of
from aergo_vc.sql.procedures.own_statements import ChangeGrants
from aergo_vc.sql.rights import Rights


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

    def deploy(self, deployment: Deployment) -> Definition:
        """What a deployment begins with."""
        require_takeover(self.rights, self._catalog, deployment.contract, self._user)
        return deployment.begin(self._catalog)

    def define(self, tree: Tree, contract: str, deployed: str | None) -> Definition:
        """What a defining statement leads to."""
        definition = definition_of(self._catalog, tree, contract)
        if isinstance(tree, ChangeGrants):
            things = [thing for thing, _ in granted_things(self._catalog, tree, contract)]
            require_granting(self.rights, self._catalog, things, self._user, deployed)
            return definition
        if deployed is None:  # else what goes may come back before the end
            definition = settled(definition)
        require_definition(self.rights, self._catalog, definition, self._user, deployed)
        return definition

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


def settled(definition: Definition) -> Definition:
    """A definition after which no grants are left on what is gone."""
    return replace(definition, catalog=without_lost(definition.catalog))
