"""Writes into the files of cases what PostgreSQL gives, and into pending.txt what our engine does not pass.

Review the change as any other.  With names of files, as in ``arrays joins``, only those are asked about.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from postgresql import Client, server
from sql_answers import ROLE, first_wrong, from_postgresql
from sql_cases import FOLDER, PENDING, Case, CaseFile, Statement, case_files, pending


def asked(client: Client, statement: Statement) -> Statement:
    """The statement with PostgreSQL's answer of today."""
    found = from_postgresql(client, statement.text)
    if statement.reason is None or found == statement.expected:
        return replace(statement, expected=found, reason=None, theirs=())
    return replace(statement, theirs=found)


def rewritten(client: Client, file: CaseFile) -> CaseFile:
    """The file with PostgreSQL's answers of today."""
    cases = []
    for case in file.cases:
        client.reset()
        for statement in file.setup:
            if found := from_postgresql(client, statement.text):
                assert not found[-1].startswith("ERROR"), f"{file.name}: {statement.text}: {found}"
        cases.append(replace(case, statements=tuple([asked(client, statement) for statement in case.statements])))
    return replace(file, cases=tuple(cases))


def shortcoming(file: CaseFile, case: Case) -> str | None:
    """What our engine gives otherwise first, in one line."""
    try:
        wrong = first_wrong(file, case)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what happens
        return f"{type(error).__name__}: {error}".replace("\n", " ")[:160]
    if wrong is None:
        return None
    statement, found = wrong
    return f"{' '.join(statement.text.split())[:100]} gives {' / '.join(found)[:160]}"


def main(names: Iterable[str]) -> None:
    """Rewrite the files, then the list."""
    chosen = set(names)
    kept = {key: reason for key, reason in pending().items() if chosen and key[0] not in chosen}
    with server(ROLE) as client:
        for file in case_files():
            if chosen and file.name not in chosen:
                continue
            new = file if file.is_ours_alone else rewritten(client, file)
            (FOLDER / f"{file.name}.sql").write_text(new.text())
            for case in new.cases:
                if (reason := shortcoming(new, case)) is not None:
                    kept[file.name, case.title] = reason
    lines = sorted(f"{name}: {title}: {reason}\n" for (name, title), reason in kept.items())
    PENDING.write_text("".join(lines))
    sys.stdout.write(f"{len(lines)} cases are pending\n")


if __name__ == "__main__":
    main(sys.argv[1:])
