"""Packs pile up with blocks until git packs them together."""

from world import Place


def test_git_packs_what_piles_up_when_its_own_threshold_is_passed(shop: Place) -> None:
    shop.git("config", "gc.auto", "6700")
    shop.git("config", "gc.autoPackLimit", "5")
    shop.git("config", "gc.autoDetach", "false")
    for number in range(8):
        shop.aergo("sql", "--commit", f"UPDATE price SET cents = cents + {number} WHERE item = 'tea'")
    packs = len(list((shop.path / ".git/objects/pack").glob("*.pack")))
    assert packs <= 6
    assert "valid" in shop.aergo("verify").line


def test_a_repository_that_wants_no_clean_up_gets_none(shop: Place) -> None:
    shop.git("config", "gc.autoPackLimit", "2")
    shop.git("config", "gc.auto", "0")
    before = len(list((shop.path / ".git/objects/pack").glob("*.pack")))
    for number in range(4):
        shop.aergo("sql", "--commit", f"UPDATE price SET cents = cents + {number} WHERE item = 'tea'")
    assert len(list((shop.path / ".git/objects/pack").glob("*.pack"))) >= before + 4
