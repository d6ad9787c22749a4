"""Arrays become a log only when they fit together."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("actions", (50, 2, 1)),
        ("actions", (200, 3, 1)),
        ("rewards", (201, 2)),
        ("team_rewards", (50,)),
        ("attention", (200, 1, 2, 3)),
    ],
)
def test_arrays_of_other_lengths_or_teams_are_a_fault_of_the_caller(name, shape):
    with pytest.raises(ValueError, match=f"{name} has shape .* 200 rows and 2 agents"):
        log_from_arrays({name: np.zeros(shape)}, [100, 100], ["a", "b"])
