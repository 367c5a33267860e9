"""How long objects take from bytes to a durable pack.  Run: python benchmarks/pack_writing.py"""

import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

from aergo_vc.codec.digests import Kind
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import open_store
from aergo_vc.objects.pack_writer import PackWriter


def _chunks(count: int) -> list[bytes]:
    source = random.Random(1)
    row = (json.dumps([i, f"name {source.randrange(10**6)}", f"{source.random():.4f}", "x" * 30]) for i in range(10**9))
    return ["\n".join([next(row) for _ in range(150)]).encode() for _ in range(count)]


def main() -> None:
    """Print milliseconds for the sizes that matter: a block of a few rows, one of many, an import."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        paths = find_repository(Path(folder))
        store = open_store(paths)
        for count in (1, 12, 120, 120, 1_100, 1_100, 10_000):
            chunks = _chunks(count)
            start = time.perf_counter()
            writer = PackWriter(store, paths)
            for chunk in chunks:
                writer.add(Kind.BLOB, b"%d %d" % (count, start) + chunk)
            added = time.perf_counter()
            writer.publish().release()
            end = time.perf_counter()
            size = sum(map(len, chunks)) / count
            times = f"add {(added - start) * 1e3:.1f} ms, publish {(end - added) * 1e3:.1f} ms"
            print(f"{count:6} x {size:.0f} bytes: {times}")
        subprocess.run(["git", "-C", folder, "fsck", "--full", "--no-dangling"], check=True)


if __name__ == "__main__":
    main()
