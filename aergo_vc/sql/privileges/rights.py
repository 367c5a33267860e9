"""Who may do what: needs (needs.py) held against the grants and owners of a catalog.

A deployed contract belongs to its owner, who may do everything in it; others may do what was granted.  A contract that
was never deployed, such as `public`, has no owner: there everybody may do everything with an object of which no
privilege was ever granted or revoked.  The other objects there are the directory's administrators' (granting.py).
"""

from collections import defaultdict

from aergo_vc.base.ids import EntityName, RoutineName, TableName
from aergo_vc.codec.grant_text import EVERYBODY
from aergo_vc.model.routines import Grant
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.errors import INSUFFICIENT_PRIVILEGE, SqlError
from aergo_vc.sql.outcomes import RolesOf, no_roles
from aergo_vc.sql.running.needs import Need, Requirements

ADMIN = "admin"
"""The role of the directory that may define what an owner may, in every contract."""
ROLE_PREFIX = "role:"

_SUFFICIENT = {
    ("sequence", "usage"): frozenset({"usage", "update"}),
    ("sequence", "select"): frozenset({"usage", "select"}),
}
"""Where more than one privilege allows the same."""
_ANSWERS = 16_384
"""Answers that are kept."""
_OPEN_NAMES = "usage"
"""What everybody may do with a deployed contract's name, unless that was revoked."""


class Rights:
    """What entities may do under one catalog.  Answers are kept; `begin` says whose roles count from now on."""

    def __init__(self, catalog: Catalog, roles_of: RolesOf = no_roles) -> None:
        self._catalog = catalog
        self.roles_of = roles_of
        self._roles: dict[str, frozenset[str]] = {}
        self._grants: dict[str, list[Grant]] = defaultdict(list)
        for grant in sorted(catalog.grants, key=lambda one: (one.object, one.privilege, one.grantee, one.columns)):
            self._grants[grant.object].append(grant)
        self.hang_on_roles = any(grant.grantee.startswith(ROLE_PREFIX) for grant in catalog.grants)
        self._met: dict[tuple[Requirements, str, tuple[frozenset[str], ...]], Need | None] = {}
        self.is_open = not catalog.owners and not catalog.grants

    def begin(self, roles_of: RolesOf) -> None:
        """Ask `roles_of` for roles from now on."""
        self.roles_of, self._roles = roles_of, {}

    def allows(self, requirements: Requirements, user: str) -> bool:
        """Whether a user has all that is required."""
        return self.is_open or self._missing(requirements, user) is None

    def require(self, requirements: Requirements, user: str, deployed: str | None = None) -> None:
        """Raise SqlError 42501 unless a user has all that is required; of a contract being deployed nothing is."""
        if self.is_open:
            return
        missing = self._missing(requirements, user)
        if missing is not None and deployed is not None:
            missing = next((need for need in requirements.needs if not self._meets(need, user, deployed)), None)
        if missing is not None:
            raise self._denied(missing)

    def require_one(self, need: Need, user: str, deployed: str | None = None) -> None:
        """Raise SqlError 42501 unless a user has what is needed."""
        if not self.is_open and not self._meets(need, user, deployed):
            raise self._denied(need)

    def owns(self, thing: str, user: str) -> bool:
        """Whether a user may define, drop and grant a thing: its contract's owner, and administrators."""
        owner = self._catalog.owners.get(contract_of(thing))
        if owner is not None and owner == user:
            return True
        if owner is None and thing not in self._grants:
            return True
        return ADMIN in self._roles_for(user)

    def governs(self, thing: str, user: str) -> bool:
        """Whether a user may grant and revoke a thing's privileges; of what nobody owns, administrators alone may."""
        owner = self._catalog.owners.get(contract_of(thing))
        return (owner is not None and owner == user) or ADMIN in self._roles_for(user)

    def _missing(self, requirements: Requirements, user: str) -> Need | None:
        """The first need that is not met; None if all are."""
        key = (requirements, user, self._roles_that_count(requirements, user) if self.hang_on_roles else ())
        if key not in self._met:
            if len(self._met) >= _ANSWERS:
                self._met.clear()
            self._met[key] = next((need for need in requirements.needs if not self._meets(need, user)), None)
        return self._met[key]

    def _roles_that_count(self, requirements: Requirements, user: str) -> tuple[frozenset[str], ...]:
        owners = [self._catalog.owners[need.holder] for need in requirements.needs if need.holder is not None]
        return tuple(map(self._roles_for, [user, *owners]))

    def _meets(self, need: Need, user: str, deployed: str | None = None) -> bool:
        contract = contract_of(need.object)
        if need.holder is not None:
            user = self._catalog.owners.get(need.holder, EntityName(user))
        owner = self._catalog.owners.get(contract)
        if (owner is not None and owner == user) or contract == deployed:
            return True
        grants = self._grants.get(need.object)
        if grants is None:
            return owner is None or (need.object == f"contract {contract}" and need.privilege == _OPEN_NAMES)
        return self._is_granted(need, grants, user)

    def _is_granted(self, need: Need, grants: list[Grant], user: str) -> bool:
        sufficient = _SUFFICIENT.get((need.object.partition(" ")[0], need.privilege), (need.privilege,))
        columns: set[str] = set()
        for grant in grants:
            if grant.privilege not in sufficient or not self._is_meant(grant.grantee, user):
                continue
            if not grant.columns or not need.columns:
                return True
            columns.update(grant.columns)
        return bool(columns) and columns.issuperset(need.columns)

    def _is_meant(self, grantee: str, user: str) -> bool:
        if grantee in (EVERYBODY, user):
            return True
        return grantee.startswith(ROLE_PREFIX) and grantee.removeprefix(ROLE_PREFIX) in self._roles_for(user)

    def _roles_for(self, user: str) -> frozenset[str]:
        found = self._roles.get(user)
        if found is None:
            found = self._roles[user] = self.roles_of(EntityName(user))
        return found

    def _denied(self, need: Need) -> SqlError:
        message = f"permission denied for {described(self._catalog, need.object)}"
        return SqlError(INSUFFICIENT_PRIVILEGE, message)


def not_owner(catalog: Catalog, thing: str) -> SqlError:
    """The error for a definition by somebody else than the owner."""
    return SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {described(catalog, thing)}")


def contract_of(thing: str) -> str:
    """The contract that a thing is, or belongs to."""
    return thing.partition(" ")[2].partition(".")[0]


def described(catalog: Catalog, thing: str) -> str:
    """A thing in the words of PostgreSQL's messages, which leave its contract's name out."""
    kind, _, name = thing.partition(" ")
    if kind == "contract":
        return f"schema {name}"
    if kind == "table" and TableName(name) in catalog.views:
        kind = "view"
    if kind == "routine":
        routine = catalog.routines.get(RoutineName(name))
        kind = "procedure" if routine is not None and routine.is_procedure else "function"
    return f"{kind} {name.partition('.')[2]}"
