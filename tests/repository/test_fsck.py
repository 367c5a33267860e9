"""`fsck`: what it finds in sound and in damaged repositories."""

import os

import apsw
from world import Place


def test_a_sound_repository_gives_no_finding(shop: Place) -> None:
    assert shop.aergo("fsck").line.startswith("Nothing is wrong")


def test_a_state_cache_that_differs_from_its_trees_is_made_anew(shop: Place) -> None:
    shop.aergo("fsck")
    cache = shop.path / ".git/aergo/cache/state-main.sqlite"
    stamp = cache.with_suffix(".stamp").read_text()
    changed = cache.stat()
    with apsw.Connection(str(cache)) as database:
        database.execute("UPDATE \"public.price\" SET cents = 1 WHERE item = 'tea'")
    database.close()
    # As a disk that flips bits would: the file's size and times tell nothing.
    os.utime(cache, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    assert cache.stat().st_size == changed.st_size
    assert cache.with_suffix(".stamp").read_text() == stamp
    assert "public.price" in shop.aergo("fsck", expect=None).out
    assert shop.aergo("fsck").line.startswith("Nothing is wrong")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = cents + 1")
    shop.aergo("verify")
