"""Who makes a block's commit."""

from dataclasses import dataclass

from aergo_vc.keys.signer import Signer


@dataclass(frozen=True, slots=True)
class Author:
    """Who signs a block's commit, and the name and the address that git shows."""

    signer: Signer
    name: str
    email: str
