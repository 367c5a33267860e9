"""``git aergo merge``: what it prints, how it ends, and what it leaves behind."""

from ledgers import matches, records
from world import Place


def side_branch(shop: Place) -> None:
    """A branch `side` with two transactions, of which main lets in the first only."""
    shop.aergo("branch", "side")
    shop.aergo("checkout", "side")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = cents + 1 WHERE item = 'tea'")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 1 WHERE item = 'bread'")
    shop.aergo("checkout", "main")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 2 WHERE item = 'bread'")


def test_it_tells_what_went_in_and_what_not_and_why(shop: Place) -> None:
    side_branch(shop)
    done = shop.aergo("merge", "side", expect=1)
    assert matches(
        "Merged side into main at height 4\n"
        r"1 transaction in, 1 left out: public\.price ~1\n"
        r"in   ID  alice  public\.price ~1\n"
        r"out  ID  alice  E_LOST_UPDATE: it writes cents of public\.price \"bread\" unseen, where the target has 2\n",
        done.out,
    ), done.out
    shown = shop.aergo("show").out
    assert "Left out:  E_LOST_UPDATE" in shown
    assert shop.git("status", "--porcelain").out == ""
    assert shop.git("log", "-1", "--format=%s").line == "Merge side: 1 transaction, 1 left out"
    shop.aergo("verify")
    assert shop.aergo("merge", "side").out == "Already up to date.\n"


def test_a_dry_run_reports_in_json_and_markdown_and_leaves_everything(shop: Place) -> None:
    side_branch(shop)
    before = shop.git("for-each-ref").out
    (record,) = records(shop.aergo("merge", "--dry-run", "--json", "side", expect=1))
    assert record["commit"] is None
    assert [one["refused"] and one["refused"]["code"] for one in record["transactions"]] == [None, "E_LOST_UPDATE"]
    assert record["rows"] == {"public.price": {"inserted": 0, "updated": 1, "deleted": 0}}
    report = shop.aergo("merge", "--dry-run", "--markdown", "side", expect=1).out
    assert "| public.price | 0 | 1 | 0 |" in report
    assert "E&#95;LOST&#95;UPDATE" in report
    assert shop.git("for-each-ref").out == before
    assert shop.git("status", "--porcelain").out == ""


def test_a_merge_that_is_not_committed_is_sealed_later_or_taken_back(shop: Place) -> None:
    side_branch(shop)
    head = shop.git("rev-parse", "HEAD").line
    shop.aergo("merge", "--no-commit", "side", expect=1)
    assert shop.git("rev-parse", "MERGE_HEAD").line == shop.git("rev-parse", "side").line
    assert "MERGE_HEAD" not in shop.aergo("merge", "side", expect=128).out
    shop.aergo("merge", "--abort")
    assert shop.git("rev-parse", "HEAD").line == head
    assert shop.git("status", "--porcelain").out == ""
    shop.aergo("merge", "--no-commit", "side", expect=1)
    shop.write("notes.txt", "resolved by hand\n")
    shop.git("add", "notes.txt")
    shop.aergo("merge", "--continue", "-m", "Take in the side", expect=1)
    assert shop.git("rev-parse", "HEAD^1", "HEAD^2").out.split() == [head, shop.git("rev-parse", "side").line]
    assert shop.git("show", "HEAD:notes.txt").out == "resolved by hand\n"
    assert shop.git("log", "-1", "--format=%s").line == "Take in the side"
    assert shop.git("status", "--porcelain").out == ""
    assert shop.git("rev-parse", "--verify", "--quiet", "MERGE_HEAD", expect=1).out == ""
    shop.aergo("verify")


def test_files_beside_the_ledger_are_merged_as_git_merges_them(shop: Place) -> None:
    lines = [f"line {number}\n" for number in range(20)]
    shop.write("notes.txt", "".join(lines))
    shop.commit("notes")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = cents")
    side_branch(shop)
    shop.aergo("checkout", "side")
    shop.write("notes.txt", "".join(["top\n", *lines]))
    shop.commit("top")
    shop.aergo("checkout", "main")
    shop.write("notes.txt", "".join([*lines, "end\n"]))
    shop.commit("end")
    shop.aergo("merge", "side", expect=1)
    assert shop.git("show", "HEAD:notes.txt").out == "".join(["top\n", *lines, "end\n"])
    assert (shop.path / "notes.txt").read_text() == "".join(["top\n", *lines, "end\n"])
    assert shop.git("status", "--porcelain").out == ""
    shop.git("fsck", "--strict")
    shop.aergo("verify")


def test_conflicts_beside_the_ledger_stop_it_before_anything_is_done(shop: Place) -> None:
    side_branch(shop)
    shop.aergo("checkout", "side")
    shop.write("notes.txt", "one\n")
    shop.commit("one")
    shop.aergo("checkout", "main")
    shop.write("notes.txt", "other\n")
    head = shop.commit("other")
    (record,) = records(shop.aergo("merge", "--dry-run", "--json", "side", expect=1))
    assert record["files"] == ["notes.txt"]
    assert "conflict  notes.txt" in shop.aergo("merge", "--dry-run", "side", expect=1).out
    assert "| notes.txt |" in shop.aergo("merge", "--dry-run", "--markdown", "side", expect=1).out
    refused = shop.aergo("merge", "side", expect=2)
    assert "notes.txt" in refused.err
    assert shop.git("rev-parse", "HEAD").line == head
    assert shop.git("status", "--porcelain").out == ""


def test_a_merge_that_landed_and_was_not_forgotten_is_over_when_it_is_continued(shop: Place) -> None:
    side_branch(shop)
    shop.aergo("merge", "side", expect=1)
    head = shop.git("rev-parse", "HEAD").line
    shop.write(".git/MERGE_HEAD", shop.git("rev-parse", "side").line + "\n")  # as a crash leaves it
    assert shop.aergo("merge", "--continue").out == "Already up to date.\n"
    assert not (shop.path / ".git" / "MERGE_HEAD").exists()
    assert shop.git("rev-parse", "HEAD").line == head
    shop.git("commit", "--quiet", "--allow-empty", "-m", "on we go")
    assert len(shop.git("log", "-1", "--format=%P").line.split()) == 1


def test_wrong_use_is_told_with_status_2(shop: Place) -> None:
    for words in ([], ["--abort", "side"], ["--dry-run", "--no-commit", "side"], ["--json", "--markdown", "side"]):
        shop.aergo("merge", *words, expect=2)
    shop.aergo("merge", "--dry-run", "--continue", expect=2)
    shop.aergo("merge", "nowhere", expect=2)
    shop.aergo("merge", "aergo/directory", expect=2)
    assert "no merge is in progress" in shop.aergo("merge", "--abort", expect=128).err
    assert "no merge is in progress" in shop.aergo("merge", "--continue", expect=128).err
    assert shop.aergo("merge", "main").out == "Already up to date.\n"
    shop.git("checkout", "--quiet", "-b", "code")
    shop.write("code.txt", "1\n")
    shop.commit("code")
    shop.git("checkout", "--quiet", "main")
    assert "merge it with git merge" in shop.aergo("merge", "code", expect=2).err
    empty = shop.git("mktree").line
    shop.git("update-ref", "refs/heads/elsewhere", shop.git("commit-tree", "-m", "nothing", empty).line)
    assert "has no ledger" in shop.aergo("merge", "elsewhere", expect=2).err
    shop.git("checkout", "--quiet", "--detach")
    assert "detached" in shop.aergo("merge", "main", expect=128).err


def test_changes_in_the_way_stop_it(shop: Place) -> None:
    side_branch(shop)
    shop.write("ledger/block.json", "{}\n")
    head = shop.git("rev-parse", "HEAD").line
    assert "error" in shop.aergo("merge", "side", expect=128).err
    assert shop.git("rev-parse", "HEAD").line == head
    assert (shop.path / "ledger/block.json").read_text() == "{}\n"


def test_it_refuses_to_overwrite_a_file_that_git_does_not_know(shop: Place) -> None:
    side_branch(shop)
    shop.aergo("checkout", "side")
    shop.write("notes.txt", "theirs\n")
    shop.commit("notes")
    shop.aergo("checkout", "main")
    mine = shop.write("notes.txt", "mine\n")
    head = shop.git("rev-parse", "HEAD").line
    for words in (["side"], ["--no-commit", "side"]):
        refused = shop.aergo("merge", *words, expect=128)
        assert "the untracked file notes.txt would be overwritten" in refused.err
        assert "move or remove them" in refused.err
        assert mine.read_text() == "mine\n"
        assert shop.git("rev-parse", "HEAD").line == head
    mine.unlink()
    shop.aergo("merge", "side", expect=1)
    assert mine.read_text() == "theirs\n"
    shop.aergo("verify")
