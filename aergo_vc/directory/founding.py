"""The founding of a directory: the transaction of its first block."""

from importlib.resources import files

from aergo_vc.base.ids import BranchName
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.model.blocks import Genesis
from aergo_vc.model.directory import Role


def founding_script(genesis: Genesis, first_branch: BranchName) -> str:
    """The SQL that defines the system contract and enters the founder and the chain's first branch."""
    founder, key = genesis.founder, encode_key_text(genesis.founder_key)
    contract = files("aergo_vc.directory").joinpath("contract.sql").read_text("utf-8")
    return (
        f"{contract}\n"
        f"INSERT INTO directory.entity (name) VALUES ('{founder}');\n"
        f"INSERT INTO directory.key (public_key, entity) VALUES ('{key}', '{founder}');\n"
        f"INSERT INTO directory.role (entity, role) VALUES ('{founder}', '{Role.ADMIN}');\n"
        f"INSERT INTO directory.role (entity, role) VALUES ('{founder}', '{Role.WRITER}');\n"
        f"INSERT INTO directory.producer (entity) VALUES ('{founder}');\n"
        f"INSERT INTO directory.branch (name) VALUES ('{first_branch}');\n"
    )
