"""What is known of a merge before anything of it is executed on the target."""

from collections.abc import Mapping
from dataclasses import dataclass

from aergo_vc.base.ids import TransactionId
from aergo_vc.merging.candidates import Gathered
from aergo_vc.merging.definitions import UnseenDefinitions
from aergo_vc.merging.unseen import Unseen
from aergo_vc.model.footprints import Footprint


@dataclass(frozen=True, slots=True)
class Evidence:
    """The candidates, what they did where they were made, and what their makers could not see.

    `unseen` are the cells that the source has not seen, by the place of the block from which on it has not (see
    `SourceBlock.base`), `definitions` what it has not seen of the target's, likewise; `footprints` are those of the
    source's transactions where they were made.
    """

    gathered: Gathered
    unseen: Mapping[int, Unseen]
    footprints: Mapping[TransactionId, Footprint]
    definitions: Mapping[int, UnseenDefinitions]
