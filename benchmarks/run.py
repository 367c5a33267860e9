"""All benchmarks that have a goal, as one table.  Run: python benchmarks/run.py [--quick] [NAME …]

Every program is measured in the same run, the shortest of several times counts, and every result is checked.
"""

import argparse
import gc
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import account_work
import deploying
import dtt
import merging
import plain_git_merges
import real_days
import repository_size
import starting
import tpcc.lines
import transfers
import verifying
from measuring import Line, print_table

from aergo_vc.cli.commands import OBJECTS_PER_COLLECTION

BLOCKS, FULL_BLOCKS = 10_000, 100
QUICK_BLOCKS, QUICK_FULL_BLOCKS = 500, 10


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="accounts, size, days, start, merging, transfers, deploy, tpcc, 'plain merges', dtt, verify",
    )
    parser.add_argument("--quick", action="store_true", help="verify a shorter history")
    options = parser.parse_args()
    gc.set_threshold(OBJECTS_PER_COLLECTION)  # as the command line does
    counts = (QUICK_BLOCKS, QUICK_FULL_BLOCKS) if options.quick else (BLOCKS, FULL_BLOCKS)
    every: dict[str, Callable[[Path], Iterable[Line]]] = {
        "accounts": account_work.lines,
        "size": repository_size.lines,
        "days": real_days.lines,
        "start": starting.lines,
        "merging": merging.lines,
        "transfers": transfers.lines,
        "deploy": deploying.lines,
        "tpcc": lambda _: tpcc.lines.lines(),
        "plain merges": plain_git_merges.lines,
        "dtt": lambda folder: dtt.lines(folder, dtt.QUICK_TRANSFERS if options.quick else dtt.TRANSFERS),
        "verify": lambda folder: verifying.lines(folder, *counts),
    }
    found: list[Line] = []
    for name in options.names or every:
        with tempfile.TemporaryDirectory() as folder:
            found += every[name](Path(folder))
    print_table(found)
    print(f"load of the machine in the last minute: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
