"""The branches that the directory knows, for a hook that asks."""

import importlib
from collections.abc import Mapping
from pathlib import Path


def names_in_directory(variables: Mapping[str, str]) -> frozenset[str]:
    """The names, as far as the directory is here; raises AergoError where it cannot be read."""
    # What reads tables is loaded only now.
    workspaces = importlib.import_module("aergo_vc.repository.workspace")
    history = importlib.import_module("aergo_vc.ledger.history")
    authorities = importlib.import_module("aergo_vc.directory.authorities")
    workspace = workspaces.Workspace.open(Path.cwd(), workspaces.Surroundings(variables=variables))
    try:
        head = workspace.directory_head()
        if head is None:
            return frozenset()
        block = history.ledger_at(workspace.writer, head)
        return frozenset(authorities.registered_branches(workspace.writer, workspace.nodes, block))
    finally:
        workspace.close()
