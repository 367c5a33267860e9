"""What SQL's functions know of the catalog and of the rows: the labels of enumerations, the numbers of sequences."""

import apsw

from aergo_vc.model.schema import Catalog
from aergo_vc.sql.running.enumerations import Enumerations
from aergo_vc.sql.running.sequences import Sequences


class Facts:
    """Gives a connection the functions that hang on the catalog."""

    def __init__(self, db: apsw.Connection) -> None:
        self.enumerations, self.sequences = Enumerations(), Sequences(db)
        for name, function in self.enumerations.functions():
            db.create_scalar_function(name, function, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)
        for name, function in self.sequences.functions():
            db.create_scalar_function(name, function, deterministic=False)

    def lay_out(self, catalog: Catalog) -> None:
        """Speak of another catalog from now on."""
        self.enumerations.lay_out(catalog.types)
        self.sequences.lay_out(catalog)
