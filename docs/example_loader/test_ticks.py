"""The ticks loader keeps convscope's contract, and reads what the simulator wrote."""

from pathlib import Path

from convscope_ticks import LOADER

from convscope.testing import check_loader

EXAMPLE = Path(__file__).with_name("example.ticks")


def test_the_example_is_read():
    log = check_loader(LOADER, EXAMPLE)
    assert [agent.name for agent in log.header.agents] == ["carrier", "scout"]
    assert log.episodes.length.tolist() == [3, 2]
    (block,) = log.blocks(frozenset({"rewards"}))
    assert block.columns["rewards"][2, 1] == 1.0
