"""The same blocks give the same everywhere: rows G05, G07, G11, G16 of the threat list; the limits of the rule set."""

import functools
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import differential
import pytest

from aergo_vc.model.blocks import RULES
from aergo_vc.sql import rules
from aergo_vc.sql.language import binder, source
from aergo_vc.sql.procedures import body, session, support
from aergo_vc.sql.running import sandbox
from aergo_vc.sql.running.budget import Budget

ENVIRONMENTS: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"},
    {"TZ": "Asia/Kathmandu"},
    {"TZ": "America/St_Johns"},
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1"},
    {"PYTHONHASHSEED": "4294967295"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"},
]


@functools.cache
def _blocks(corpus: str) -> list[dict[str, Any]]:
    """The blocks as they are made here."""
    return differential.blocks(corpus)


@pytest.mark.parametrize("corpus", differential.CORPORA)
def test_g07_reversed_scans_show_in_no_block(corpus: str) -> None:
    backwards = differential.blocks(corpus, lambda: differential.an_engine(reverse=True))
    assert backwards == _blocks(corpus)


@pytest.mark.parametrize("corpus", differential.CORPORA)
def test_g07_indexes_show_in_no_block(corpus: str) -> None:
    with differential.without_indexes():
        found = differential.blocks(corpus)
    assert found == _blocks(corpus)


def test_the_corpora_run_as_they_are_meant() -> None:
    routines, tpcc = _blocks("routines"), _blocks("tpcc")
    failed = [tuple(one[:2]) for block in routines for one in block["failed"]]
    assert failed == [("CALL move('g1', 'g2', 5000)", "only 90.00 of g1")]
    assert len({block["commit"] for block in routines}) == len(routines)
    assert [len(block["told"]) for block in tpcc] == [1, 1, 20, 20, 20]


def _digests(environment: dict[str, str], corpora: str) -> str:
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT")}
    program = [sys.executable, str(Path(differential.__file__)), *corpora.split()]
    done = subprocess.run(program, env=bare | environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: " ".join(f"{k}={v}" for k, v in one.items()))
def test_g16_surroundings_show_in_no_block(environment: dict[str, str]) -> None:
    found = json.loads(_digests(environment, "routines tpcc"))
    assert found == {corpus: differential.digest(_blocks(corpus)) for corpus in ("routines", "tpcc")}


@pytest.mark.long
@pytest.mark.parametrize("environment", ENVIRONMENTS[2:7:2], ids=lambda one: " ".join(one.values()))
def test_g16_surroundings_show_in_no_block_of_a_case(environment: dict[str, str]) -> None:
    assert json.loads(_digests(environment, "cases")) == {"cases": differential.digest(_blocks("cases"))}


def test_the_rule_set_names_its_limits_and_changes_with_none_of_them() -> None:
    named = json.loads((Path(__file__).with_name("vectors") / f"{RULES}.json").read_text())
    assert named == {
        "name": RULES,
        "sqlite": sandbox.engine_version(),
        "golden": rules.GOLDEN_DIGEST,
        "budget": asdict(Budget()),
        "calls": session.DEPTH,
        "nested_blocks": body.MOST_BLOCKS,
        "array_elements": support.ARRAY_ELEMENTS,
        "value_bytes": sandbox.VALUE_BYTES,
        "brackets": source.NESTING,
        "operators_in_a_row": source.OPERATORS_IN_A_ROW,
        "statement_words": source.TOKENS,
        "script_characters": source.SCRIPT_CHARACTERS,
        "sources": binder.SOURCES,
    }
