"""The documentation lists exactly the features that the code knows."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from convscope.features.families import FAMILIES
from convscope.ingest.memory import log_from_arrays
from convscope.values.header import ActionKind, ActionSpace
from convscope.values.layout import ObservationLayout, ReceiverLayout

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
SPACES = (
    ActionSpace(kind=ActionKind.DISCRETE, n=(2,)),
    ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=(2, 2), width=2),
    ActionSpace(kind=ActionKind.CONTINUOUS, width=2),
)


def header_of(space, *, action_names):
    agent_fields = ("actions", "positions", "observations", "messages", "hidden_states", "action_logits")
    columns = {name: np.zeros((2, 3, 2)) for name in agent_fields}
    columns |= {"rewards": np.zeros((2, 3)), "info/field": np.zeros((2, 3)), "info/number": np.zeros((2, 3))}
    columns |= {"team_rewards": np.zeros(2), "entity_positions": np.zeros((2, 1, 2))}
    header = log_from_arrays(columns, [2], ["a", "b", "c"]).header
    names = {"actions": action_names, "info/field": ("value",)}
    layout = ObservationLayout(receivers=(ReceiverLayout(name="all", agents=("a", "b", "c")),))
    return replace(
        header,
        agents=tuple(
            replace(agent, action_space=space, team=team)
            for agent, team in zip(header.agents, ("red", "red", "blue"), strict=True)
        ),
        fields=tuple(replace(spec, values=names.get(spec.name, ())) for spec in header.fields),
        layout=layout,
    )


def known_features():
    headers = [header_of(space, action_names=()) for space in SPACES]
    headers.append(header_of(SPACES[0], action_names=("action", "action")))
    return {
        (re.sub(r"\d+", "n", feature.name), feature.unit, feature.family)
        for header in headers
        for family in FAMILIES
        if family.lacking(header) is None
        for feature in family.features(header)
    }


def rows_of_the_page():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    return [row for row in rows if row[0] not in {"feature", "---"}]


def test_the_page_lists_exactly_the_features_that_the_code_knows():
    listed = [(row[0].replace("*", ""), row[1], row[2]) for row in rows_of_the_page()]
    assert len(set(listed)) == len(listed)
    assert set(listed) == known_features()


def test_every_feature_says_what_it_is_and_every_source_is_given_in_full():
    text = PAGE.read_text(encoding="utf-8")
    sources = text.split("## Sources")[1]
    for name, _, family, formula, _, source in rows_of_the_page():
        assert formula, name
        assert family in {each.name for each in FAMILIES}
        for cited in filter(None, source.split("; ")):
            author, year = cited.split()[0], cited.split()[-1]
            assert author in sources, cited
            assert year in sources, cited
