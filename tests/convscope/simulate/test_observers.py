"""What the simulated observations hold is what the layout says, and edges are what the policies read."""

import numpy as np
import pytest

from convscope.simulate.draws import Size
from convscope.simulate.observers import Scenery, observers

SIZE = Size(n_agents=4, n_episodes=6, n_steps=8)


@pytest.mark.parametrize("scenery", list(Scenery))
def test_each_slot_is_the_others_place_relative_to_the_receiver(scenery):
    scene = observers(SIZE, np.random.default_rng(0), scenery=scenery, n_edges=2)
    (block,) = scene.log.blocks(frozenset({"observations", "positions"}), max_bytes=1 << 40)
    seen, places = block.columns["observations"], block.columns["positions"]
    (layout,) = scene.log.header.layout.receivers
    assert sorted((*layout.own, *layout.world, *(c for s in layout.slots for c in s.columns))) == list(
        range(seen.shape[2])
    )
    for receiver in range(4):
        others = [other for other in range(4) if other != receiver]
        for slot, other in zip(layout.slots, others, strict=True):
            apart, shown = places[:, other] - places[:, receiver], seen[:, receiver, list(slot.columns)]
            is_in_sight = (shown != 0).any(axis=1)
            assert np.allclose(shown[is_in_sight], apart[is_in_sight])
            assert is_in_sight.all() or scenery is Scenery.SCREENED


def test_only_followers_have_edges():
    scene = observers(SIZE, np.random.default_rng(0), scenery=Scenery.APART, n_edges=2)
    assert scene.edges.sum(axis=1).tolist() == [0, 0, 1, 1]
    assert not observers(SIZE, np.random.default_rng(0), scenery=Scenery.APART).edges.any()
