"""The choice of agents and checkpoint is checked against the log."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.selection import select_agents
from convscope.values.config import AnalysisConfig

LOG = log_from_arrays({"rewards": np.zeros((2, 3))}, [1, 1], ["adv_0", "adv_1", "prey"], checkpoints=["early", "late"])


def test_all_agents_are_analysed_unless_asked_otherwise():
    assert select_agents(LOG, AnalysisConfig()) == ("adv_0", "adv_1", "prey")


def test_a_pattern_chooses_agents():
    assert select_agents(LOG, AnalysisConfig(agents="adv_*")) == ("adv_0", "adv_1")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (AnalysisConfig(agents="ghost*"), "the agents are adv_0, adv_1, prey"),
        (AnalysisConfig(team="red"), "names no teams: choose with --agents"),
        (AnalysisConfig(checkpoint="latest"), "its checkpoints are: early, late"),
    ],
)
def test_a_wrong_choice_names_what_there_is(config, message):
    with pytest.raises(UsageError, match=message):
        select_agents(LOG, config)
