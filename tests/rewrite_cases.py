"""Writes into the files of cases what PostgreSQL gives, and into pending.txt what our engine does not pass.

Review the change as any other.  With names of files, as in ``arrays joins``, only those are asked about.  With
``--differs REASON 'FILE: TITLE' …`` the answers of our engine in those cases become the expected ones, with the reason.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace

from postgresql import Client, server
from sql_answers import ROLE, first_wrong, from_engine, from_postgresql, prepare
from sql_cases import FOLDER, PENDING, Case, CaseFile, Statement, case_files, pending, read_case_file

from aergo_vc.sql.engine import Engine


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
        prepare(client, file)
        cases.append(replace(case, statements=tuple([asked(client, statement) for statement in case.statements])))
    return replace(file, cases=tuple(cases))


def shortcoming(file: CaseFile, case: Case) -> str | None:
    """What our engine gives otherwise first, in one line."""
    wrong = first_wrong(file, case)
    if wrong is None:
        return None
    statement, found = wrong
    return f"{' '.join(statement.text.split())[:100]} gives {' / '.join(found)[:160]}"


def with_reason(file: CaseFile, title: str, reason: str) -> CaseFile:
    """The file with our engine's answers in one case, and a reason wherever PostgreSQL's are others."""
    cases = [_with_reason(file, case, reason) if case.title == title else case for case in file.cases]
    return replace(file, cases=tuple(cases))


def _with_reason(file: CaseFile, case: Case, reason: str) -> Case:
    engine = Engine()
    for number, statement in enumerate(file.setup):
        from_engine(engine, statement, number)
    statements = []
    for number, statement in enumerate(case.statements, len(file.setup)):
        found = from_engine(engine, statement, number)
        if found != statement.expected:
            theirs = statement.at_postgresql
            statements.append(replace(statement, expected=found, reason=statement.reason or reason, theirs=theirs))
        else:
            statements.append(statement)
    return replace(case, statements=tuple(statements))


def differs(reason: str, wanted: Iterable[str]) -> None:
    """Mark what differs in cases, each given as ``file: title``, and take them off the list."""
    kept = pending()
    for name, title in (case.split(": ", 1) for case in wanted):
        path = FOLDER / f"{name}.sql"
        path.write_text(with_reason(read_case_file(path), title, reason).text())
        kept.pop((name, title), None)
    write_pending(kept)


def write_pending(reasons: Mapping[tuple[str, str], str]) -> None:
    """Write the list of what does not pass yet."""
    PENDING.write_text("".join(sorted(f"{name}: {title}: {reason}\n" for (name, title), reason in reasons.items())))


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
    write_pending(kept)
    sys.stdout.write(f"{len(kept)} cases are pending\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--differs"]:
        differs(sys.argv[2], sys.argv[3:])
    else:
        main(sys.argv[1:])
