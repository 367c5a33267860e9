"""The tour that `make tour` gives runs to its end, whatever the user's own settings are."""

from world import ROOT, World, require_command_line


def test_the_tour_runs_to_its_end(world: World) -> None:
    require_command_line()
    (world.home / ".gitconfig").write_text("[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n")
    (world.root / "tmp").mkdir()
    told = world.run(ROOT / "docs" / "tour.sh", variables={"TMPDIR": str(world.root / "tmp")})
    assert "valid: main: 4 blocks, 3 transactions" in told.out
    assert "carries no signature" in told.out
    assert told.out.splitlines()[-1].startswith("# That was the tour")
    assert (told.err, list((world.root / "tmp").iterdir())) == ("", [])
