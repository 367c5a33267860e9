"""``python -m aergo_vc.cli``: the same program."""

import sys

from aergo_vc.cli import main

sys.exit(main())
