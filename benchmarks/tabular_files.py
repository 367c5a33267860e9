"""How long users' files take to be read, typed and written.  Run: python benchmarks/tabular_files.py FILE.csv …"""

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

from aergo_vc.codec.csv_file import read_csv, write_csv
from aergo_vc.codec.jsonl_file import read_jsonl, write_jsonl
from aergo_vc.model.inference import infer_and_convert


def _written(write: Callable[[io.BytesIO], None]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def main() -> None:
    """Print milliseconds for all files together, three times over: the first has a cold memory allocator."""
    files = {name: Path(name).read_bytes() for name in sys.argv[1:]}
    for _ in range(3):
        times = [time.perf_counter()]
        tables = [read_csv(data, name) for name, data in files.items()]
        times.append(time.perf_counter())
        typed = [infer_and_convert(table) for table in tables]
        times.append(time.perf_counter())
        for table in tables:
            _written(lambda stream, table=table: write_csv(table.columns, table.rows(), stream))  # type: ignore[misc]
        times.append(time.perf_counter())
        lines = [
            _written(
                lambda stream, table=table, types=types, columns=columns: write_jsonl(  # type: ignore[misc]
                    table.columns, types, zip(*columns, strict=True), stream
                )
            )
            for table, (types, columns) in zip(tables, typed, strict=True)
        ]
        times.append(time.perf_counter())
        for data in lines:
            read_jsonl(data, "lines")
        times.append(time.perf_counter())
        labels = ("read CSV", "infer and convert", "write CSV", "write JSON Lines", "read JSON Lines")
        steps = zip(labels, times, times[1:], strict=False)
        print(", ".join(f"{label} {(end - start) * 1e3:.0f} ms" for label, start, end in steps))


if __name__ == "__main__":
    main()
