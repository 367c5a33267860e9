"""What the program and its query process say to each other.

A frame is its length in four bytes, big-endian, and that many bytes of MessagePack.  The process runs foreign SQL, so
its answers are typed, bounded and never more than data.  Every request has one answer; the first frame is `Hello`.
"""

from typing import Protocol

import msgspec

from aergo_vc.query.column_types import LoadColumn

FRAME_BYTES = 256 << 20
HEADER_BYTES = 4

Scalar = None | bool | int | float | str
"""What travels as a value of a row or a parameter."""


class _Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    pass


class OpenFile(_Message, frozen=True):
    """Attach a file of rows for writing, creating it if it is missing; None is for computed relations, in memory."""

    path: str | None
    memory_bytes: int
    spill_bytes: int
    threads: int


class CreateTable(_Message, frozen=True):
    """Add an empty table under a number that is free."""

    number: int
    columns: tuple[LoadColumn, ...]


class DropTable(_Message, frozen=True):
    """Remove a table."""

    number: int


class RemoveChunks(_Message, frozen=True):
    """Delete the rows of chunks, which are named by their digests."""

    number: int
    digests: list[str]


class AddChunks(_Message, frozen=True):
    """Insert the rows of chunks.

    A line of the file at `path` is a row's JSON array with the place of its chunk in `digests` put in front.
    """

    number: int
    path: str
    digests: list[str]


class FinishTable(_Message, frozen=True):
    """Settle the types of columns whose values decide them."""

    number: int


class CloseFile(_Message, frozen=True):
    """Make what was loaded durable and detach the file."""


class AttachFile(_Message, frozen=True):
    """Attach a file of rows for reading."""

    path: str
    memory_bytes: int
    spill_bytes: int
    threads: int


class ShownTable(msgspec.Struct, frozen=True, array_like=True):
    """Under which name and with which columns (place in the loaded table, name) a table is shown.

    `computed` tells the numbers of computed relations from those of the file's tables.
    """

    contract: str
    name: str
    number: int
    columns: list[tuple[int, str]]
    computed: bool


class ShownView(msgspec.Struct, frozen=True, array_like=True):
    """A view of the catalog."""

    contract: str
    name: str
    columns: list[str]
    query: str


class Lock(_Message, frozen=True):
    """Show the tables, give up files and settings for good, then make the views; answered by `Locked`.

    The process may map `address_bytes` beyond what it has mapped by then.
    """

    tables: list[ShownTable]
    views: list[ShownView]
    address_bytes: int


class Prepare(_Message, frozen=True):
    """Check a query; answered by `Prepared`.  Ends the query before."""

    sql: str
    parameters: list[Scalar]


class Fetch(_Message, frozen=True):
    """The next rows of the prepared query, at most so many; answered by `Rows`."""

    most: int


class Save(_Message, frozen=True):
    """Write the prepared query's rows to a new file as ``parquet`` or ``arrow``."""

    format: str
    path: str


class Hello(_Message, frozen=True):
    """DuckDB's version."""

    version: str


class Done(_Message, frozen=True):
    """The request was carried out."""


class Locked(_Message, frozen=True):
    """The names that could not be shown, each with the reason."""

    omitted: dict[str, str]


class Prepared(_Message, frozen=True):
    """The columns of a query: name and DuckDB type."""

    columns: list[tuple[str, str]]


class Rows(_Message, frozen=True):
    """Rows of a query in the spelling of `column_types.to_value`; `last` if there are no more."""

    rows: list[tuple[Scalar, ...]]
    last: bool


class Failed(_Message, frozen=True):
    """The request failed: `kind` is ``query``, ``large``, ``busy``, ``load`` or ``package``."""

    kind: str
    message: str


Request = (
    OpenFile
    | CreateTable
    | DropTable
    | RemoveChunks
    | AddChunks
    | FinishTable
    | CloseFile
    | AttachFile
    | Lock
    | Prepare
    | Fetch
    | Save
)
Answer = Hello | Done | Locked | Prepared | Rows | Failed

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class Source(Protocol):
    """Where requests come from."""

    def read(self, size: int, /) -> bytes: ...


def encode_frame(message: Request | Answer) -> bytes:
    """A message as a frame."""
    content = _encoder.encode(message)
    return len(content).to_bytes(HEADER_BYTES, "big") + content


def decode_answer(content: bytes) -> Answer:
    """The answer in a frame; raises `msgspec.DecodeError`."""
    return _answers.decode(content)


def read_request(source: Source) -> Request | None:
    """The next request; None where the input ends."""
    header = source.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    length = int.from_bytes(header, "big")
    content = source.read(length)
    return _requests.decode(content) if len(content) == length else None
