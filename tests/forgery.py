"""Blocks made by somebody who does not keep the rules: an honest block, changed, signed again, put on its branch."""

import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import edwards
from world import Place, TickingClock, World

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BlockId, ObjectId, PublicKey
from aergo_vc.codec.digests import Kind, blob_digest, git_object_id
from aergo_vc.codec.genesis import chain_id
from aergo_vc.codec.git_commit import Commit, Identity, decode_commit, encode_commit, signed_payload
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, read_entries, write_entries
from aergo_vc.codec.header import block_id, encode_header
from aergo_vc.codec.law import encode_law
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.codec.transactions import encode_transactions
from aergo_vc.keys.keyfile import generate_key_file
from aergo_vc.keys.signatures import sign_commit_payload
from aergo_vc.keys.signer import FileSigner, Signer
from aergo_vc.keys.signing_key import file_signer
from aergo_vc.ledger.errors import InvalidBlockError
from aergo_vc.ledger.history import blocks_back
from aergo_vc.ledger.layout import ATTRIBUTES, LedgerTree, other_entries, read_ledger
from aergo_vc.ledger.rules import trailer
from aergo_vc.model.blocks import Header, Law
from aergo_vc.model.transactions import Payload, Receipt, Transaction
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.submitting import signed
from aergo_vc.repository.workspace import Surroundings, Workspace

DIRECTORY = "aergo/directory"
SLOT = 5_000
DIRECTORY_SLOT = 60_000


@dataclass(frozen=True)
class Ledger:
    """A repository with a ledger, and the keys of those who act in it."""

    place: Place

    @property
    def clock(self) -> TickingClock:
        return self.place.world.clock

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(variables=self.place.world.environment, clock=self.clock, home=self.place.world.home)

    def open(self) -> Repository:
        """A fresh view, as another process would have."""
        return Repository.open(self.place.path, self.surroundings)

    def workspace(self) -> Workspace:
        return Workspace.open(self.place.path, self.surroundings)

    def key(self, entity: str) -> FileSigner:
        """The key of an entity, made when it is first asked for."""
        path = self.place.world.home / f"{entity}.key"
        if not path.exists():
            generate_key_file(path, entity, entropy=lambda size: seed_of(entity)[:size])
        return file_signer(path)

    def be(self, entity: str) -> None:
        """Act as another entity from now on."""
        self.key(entity)
        self.place.git("config", "aergo.entity", entity)
        self.place.git("config", "aergo.key", str(self.place.world.home / f"{entity}.key"))

    def on(self, branch: str) -> None:
        """Put HEAD on a branch and leave the worktree as it is."""
        self.place.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def sql(self, script: str, branch: str = "main") -> str:
        """Seal a script in a block of its own; returns the commit."""
        self.on(branch)
        with self.open() as repository:
            done = repository.sql(script, commit=True).committed
        self.on("main")
        assert done is not None
        return done.commit

    def ref(self, branch: str = "main") -> str:
        return self.place.git("rev-parse", f"refs/heads/{branch}").line

    def refs(self) -> str:
        """All references, as one text to compare."""
        return self.place.git("for-each-ref").out

    def next_slot(self, slots: int = 1, length: int = SLOT) -> None:
        """Let time pass until the next slot begins."""
        self.clock.time += slots * length

    def refused(self, branch: str = "main", span: str | None = None) -> InvalidBlockError:
        """The error that verification ends with, having moved nothing."""
        before = self.refs()
        try:
            with self.open() as repository:
                repository.verify(span, branch=branch, workers=1)
        except InvalidBlockError as error:
            assert self.refs() == before
            return error
        raise AssertionError(f"{branch} verifies")

    def rule(self, branch: str = "main") -> str:
        """The code of the rule that a branch's first invalid block breaks."""
        return self.refused(branch).cause.code

    def verifies(self, branch: str = "main") -> int:
        """How many blocks verify."""
        with self.open() as repository:
            return repository.verify(branch=branch, workers=1).blocks


def seed_of(entity: str) -> bytes:
    """The seed of an entity's key."""
    return (entity.encode() * 32)[:32]


SCRIPTS = (
    "CREATE TABLE account (name text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))",
    "INSERT INTO account VALUES ('ann', 100), ('bob', 100)",
    "UPDATE account SET balance = balance + CASE name WHEN 'ann' THEN -5 ELSE 5 END",
)


def found(world: World, object_format: str = "sha1", scripts: tuple[str, ...] = SCRIPTS) -> Ledger:
    """A ledger of alice's with a block for each script, in a bare repository."""
    ledger = Ledger(world.repository(object_format=object_format, bare=True))
    ledger.be("alice")
    with ledger.open() as repository:
        repository.init(name="test", entity="alice", key=str(world.home / "alice.key"))
    for script in scripts:
        ledger.sql(script)
    return ledger


def copied(template: Ledger, root: Path) -> Ledger:
    """The same ledger in a world of its own, whose time goes on where the template's stopped."""
    shutil.copytree(template.place.world.root, root)
    world = World(root, TickingClock(template.clock.time))
    ledger = Ledger(Place(world, root / template.place.path.name))
    ledger.be("alice")
    return ledger


def register(ledger: Ledger, entity: str, *roles: str, producer: bool = False) -> None:
    """Enter an entity with its key into the directory; a writer unless other roles are given."""
    key = encode_key_text(ledger.key(entity).public_key)
    lines = [
        f"INSERT INTO directory.entity (name) VALUES ('{entity}');",
        f"INSERT INTO directory.key (public_key, entity) VALUES ('{key}', '{entity}');",
    ]
    lines += [f"INSERT INTO directory.role VALUES ('{entity}', '{role}');" for role in roles or ("writer",)]
    if producer:
        lines.append(f"INSERT INTO directory.producer VALUES ('{entity}');")
    ledger.sql("\n".join(lines), DIRECTORY)


@dataclass(frozen=True)
class Draft:
    """A block that is being forged.  What is None is taken from the rest as an honest maker would."""

    header: Header
    genesis_bytes: bytes
    law_bytes: bytes
    transactions_bytes: bytes
    receipts_bytes: bytes
    state: ObjectId | None
    payload: ObjectId | None
    others: tuple[TreeEntry, ...]
    parents: tuple[ObjectId, ...]
    author: Identity
    message: str | None = None
    attributes: bytes = ATTRIBUTES
    extra: tuple[TreeEntry, ...] = ()
    rehash: bool = True
    """Whether the header names the files as they are now."""

    def head(self, **changes: object) -> "Draft":
        """With other values in the header."""
        return replace(self, header=replace(self.header, **changes))  # type: ignore[arg-type]

    def law(self, law: Law) -> "Draft":
        return replace(self, law_bytes=encode_law(law))

    def transactions(self, *transactions: Transaction) -> "Draft":
        """With these transactions, and receipts that say that none changed a row."""
        receipts = encode_receipts(Receipt(transaction.id) for transaction in transactions)
        return replace(self, transactions_bytes=encode_transactions(transactions), receipts_bytes=receipts)


@dataclass
class Forger:
    """Takes blocks of a ledger apart, and puts others in their place."""

    ledger: Ledger
    branch: str = "main"
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = self.ledger.workspace()
        self.format = self.workspace.paths.object_format

    def blocks(self) -> list[tuple[ObjectId, LedgerTree]]:
        """The commits and the ledgers of the branch in ascending order."""
        self.workspace = self.ledger.workspace()
        store = self.workspace.store
        head = ObjectId(self.ledger.ref(self.branch))
        return [(block.commit, read_ledger(store, block.ledger)) for block in blocks_back(store, head)][::-1]

    def take(self, height: int = -1) -> Draft:
        """The block at a height, to be changed."""
        commit_id, block = self.blocks()[height]
        commit = decode_commit(self.workspace.store.read_commit(commit_id))
        return Draft(
            header=block.header,
            genesis_bytes=block.genesis_bytes,
            law_bytes=block.law_bytes,
            transactions_bytes=block.transactions_bytes,
            receipts_bytes=block.receipts_bytes,
            state=block.state,
            payload=block.payload,
            others=other_entries(self.workspace.store, commit.tree),
            parents=commit.parents,
            author=commit.author,
        )

    def follow(self, height: int = -1, slots: int = 1) -> Draft:
        """An empty, valid block after the one at a height, `slots` slots later."""
        commit_id, block = self.blocks()[height]
        draft = self.take(height)
        header = replace(
            block.header,
            height=block.header.height + 1,
            previous=block.block,
            slot=block.header.slot + slots,
            time=block.header.time + slots * block.genesis.slot,
            confirmed=1,
        )
        self.ledger.clock.time = max(self.ledger.clock.time, header.time)
        return replace(
            draft, header=header, parents=(commit_id,), transactions_bytes=b"", receipts_bytes=b"", payload=None
        )

    def add(self, kind: Kind, data: bytes) -> ObjectId:
        """Store any bytes as an object, sound or not."""
        name = git_object_id(kind, data, self.format)
        path = self.ledger.place.path / "objects" / name[:2] / name[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(b"%b %d\0" % (kind.value.encode(), len(data)) + data))
        return name

    def tree(self, entries: Mapping[str, tuple[int, ObjectId]]) -> ObjectId:
        return self.add(Kind.TREE, write_entries([TreeEntry(name, *rest) for name, rest in entries.items()]))

    def entries(self, tree: ObjectId) -> dict[str, tuple[int, ObjectId]]:
        found = read_entries(self.workspace.store.read_tree(tree), len(tree) // 2)
        return {entry.name: (entry.mode, entry.id) for entry in found}

    def header(self, draft: Draft) -> Header:
        if not draft.rehash:
            return draft.header
        return replace(
            draft.header,
            chain=chain_id(draft.genesis_bytes),
            law=blob_digest(draft.law_bytes),
            transactions=blob_digest(draft.transactions_bytes),
            receipts=blob_digest(draft.receipts_bytes),
        )

    def ledger_tree(self, draft: Draft) -> ObjectId:
        files = {
            ".gitattributes": draft.attributes,
            "genesis.json": draft.genesis_bytes,
            "branch.json": draft.law_bytes,
            "block.json": encode_header(self.header(draft)),
            "receipts.jsonl": draft.receipts_bytes,
            "transactions.jsonl": draft.transactions_bytes,
        }
        entries = [TreeEntry(name, FILE_MODE, self.add(Kind.BLOB, data)) for name, data in files.items()]
        for name, tree in (("state", draft.state), ("payload", draft.payload)):
            if tree is not None:
                entries.append(TreeEntry(name, DIRECTORY_MODE, tree))
        replaced = {entry.name for entry in draft.extra}
        kept = [entry for entry in entries if entry.name not in replaced]
        return self.add(Kind.TREE, write_entries([*kept, *draft.extra]))

    def commit(self, draft: Draft, signer: Signer | None = None, *, tree: ObjectId | None = None) -> Commit:
        """The signed commit of a draft."""
        header = self.header(draft)
        root = tree or self.add(
            Kind.TREE,
            write_entries([*draft.others, TreeEntry("ledger", DIRECTORY_MODE, self.ledger_tree(draft))]),
        )
        who = replace(draft.author, seconds=header.time // 1000)
        message = draft.message or f"forged\n\n{trailer(header, self.block_id(draft))}"
        commit = Commit(root, draft.parents, who, who, message)
        key = signer or self.ledger.key("alice")
        return replace(commit, signature=sign_commit_payload(key, signed_payload(commit)))

    def block_id(self, draft: Draft) -> BlockId:
        return block_id(encode_header(self.header(draft)))

    def put(
        self,
        draft: Draft,
        signer: Signer | None = None,
        *,
        tree: ObjectId | None = None,
        mangle: Callable[[bytes], bytes] = bytes,
    ) -> ObjectId:
        """Sign a draft, pass the commit's bytes through `mangle`, set the branch to it."""
        return self.put_bytes(mangle(encode_commit(self.commit(draft, signer, tree=tree))))

    def put_bytes(self, commit: bytes) -> ObjectId:
        """Set the branch to a commit of these bytes."""
        name = self.add(Kind.COMMIT, commit)
        path = self.ledger.place.path / "refs" / "heads" / self.branch
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name + "\n")
        return name

    def raw(self) -> bytes:
        """The bytes of the branch's head."""
        return self.workspace.store.read_commit(ObjectId(self.ledger.ref(self.branch)))

    def payload(self, script: str, by: str = "alice", **changes: object) -> Payload:
        """An honest payload that may go into the branch's next block, with changes."""
        _, tip = self.blocks()[-1]
        honest = Payload(
            branch=tip.header.branch,
            chain=tip.header.chain,
            key=self.ledger.key(by).public_key,
            loads=(),
            nonce=hashlib.sha256(f"{by} {script}".encode()).hexdigest()[:32],
            recent=tip.block,
            signer=by,  # type: ignore[arg-type]
            sql=script,
        )
        return replace(honest, **changes)  # type: ignore[arg-type]

    def transaction(self, script: str, by: str = "alice", **changes: object) -> Transaction:
        """The same, signed by the signer's own key."""
        return signed(self.ledger.key(by), self.payload(script, by, **changes))


@dataclass(frozen=True)
class GrindingSigner:
    """Signs with a nonce of its choice, where Ed25519 asks for the one that the message gives."""

    public_key: PublicKey
    seed: bytes
    nonce: int

    def sign(self, message: bytes) -> bytes:
        half = bytearray(hashlib.sha512(self.seed).digest()[:32])
        half[0] &= 248
        half[31] = half[31] & 127 | 64
        r = edwards.encode(edwards.multiply(self.nonce, edwards.BASE))
        secret = int.from_bytes(half, "little")
        return edwards.forge(secret, self.nonce, message, key=self.public_key, r=r)


def codes(error: AergoError) -> Iterator[str]:
    """The codes of an error and of its causes."""
    current: BaseException | None = error
    while isinstance(current, AergoError):
        yield current.code
        current = current.__cause__
