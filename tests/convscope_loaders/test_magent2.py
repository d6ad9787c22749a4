"""Render folders of MAgent2: frames are states, and what agents did lies between two of them."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.magent2 import LOADER
from convscope_loaders.magent2.episodes import FULL
from tests.convscope_loaders.reading import joined as whole
from tests.convscope_loaders.reading import opened_by

DATA = Path(__file__).parents[1] / "data" / "magent2"
# Actions of battle_v4 by what they do: moves within 2 steps, then attacks on the 8 neighbours.
MOVES = [(0, -2), (-1, -1), (0, -1), (1, -1), (-2, 0), (-1, 0), (0, 0), (1, 0), (2, 0), (-1, 1), (0, 1), (1, 1), (0, 2)]
ATTACKS = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)]


opened = partial(opened_by, LOADER)


def test_frames_are_states_and_the_last_one_is_the_final_observation():
    log = opened(DATA / "render")
    assert log.episodes.length.tolist() == [14]
    assert log.episodes.rows.tolist() == [15]
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN]
    assert [(agent.name, agent.team) for agent in log.header.agents] == [
        ("group_0_agent_0", "group_0"),
        ("group_0_agent_1", "group_0"),
        ("group_1_agent_2", "group_1"),
        ("group_1_agent_3", "group_1"),
    ]
    status, columns = whole(log)
    assert (status[:14] == Status.ACTING).all()
    assert (status[14] == Status.WAITING).all()
    assert columns["positions"][0].tolist() == [[1, 4], [1, 6], [9, 4], [9, 6]]
    assert columns["positions"][14].tolist() == [[2, 3], [2, 9], [10, 2], [10, 1]]
    assert (columns["info/health"] == 100).all()
    names = log.header.field("actions").values
    # Frame 1 is frame 0 with agents 2 and 3 moved to (8, 3) and (9, 4); frame 2 moves agent 0 to (2, 3).
    deeds = [[names[int(code)] for code in row] for row in columns["actions"][:2, :, 0]]
    assert deeds[0] == ["stay", "stay", "move (-1, -1)", "move (0, -2)"]
    # Frame 2 also shows attacks of 3 on (9, 5), 1 on (2, 6) and 2 on (7, 2): they came before that frame.
    assert deeds[1] == ["move (1, -1)", "attack (1, 0)", "attack (-1, -1)", "attack (0, 1)"]


def test_what_agents_did_is_what_they_chose_unless_they_were_blocked_or_killed():
    log = opened(DATA / "battle")
    truth = json.loads((DATA / "battle" / "truth.json").read_text("utf-8"))
    assert log.episodes.length.tolist() == [len(steps) for steps in truth] == [11, 11]
    names = log.header.field("actions").values
    status, columns = whole(log)
    slots = {int(agent.name.rsplit("_", 1)[1]): slot for slot, agent in enumerate(log.header.agents)}
    n_same = n_all = 0
    for row, steps in zip((0, 12), truth, strict=True):
        for t, choices in enumerate(steps):
            for agent, action in choices:
                chosen = f"move {MOVES[action]}" if action < len(MOVES) else f"attack {ATTACKS[action - len(MOVES)]}"
                did = names[int(columns["actions"][row + t, slots[agent], 0])]
                assert did in {chosen, "stay", "gone"}
                n_same, n_all = n_same + (did == chosen), n_all + 1
            acting = [slot for slot, state in enumerate(status[row + t]) if state == Status.ACTING]
            assert acting == sorted(slots[agent] for agent, _ in choices)
    assert n_same > 0.6 * n_all


def test_the_dead_stay_dead():
    status, _ = whole(opened(DATA / "battle"))
    for rows in (status[:12], status[12:]):
        is_dead = rows == Status.DEAD
        assert is_dead[-1].any()
        assert (np.diff(is_dead.astype(int), axis=0) >= 0).all()


def write(folder, number, frames, walls=()):
    lines = [f"W {len(walls)}", *(f"{x} {y}" for x, y in walls)]
    for agents, attacks in frames:
        lines.append(f"F {len(agents)} {len(attacks)} 0")
        lines += [" ".join(map(str, agent)) for agent in agents]
        lines += [" ".join(map(str, attack)) for attack in attacks]
    (folder / f"video_{number}.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "render"
    made.mkdir()
    shutil.copy(DATA / "render" / "config.json", made)
    return made


def frame(x, *, attacks=()):
    return [(0, 100, 270, x, 0, 0), (1, 100, 270, 9, 9, 1)], list(attacks)


def test_an_episode_goes_on_in_the_next_file_only_after_a_full_one(folder):
    write(folder, 2, [frame(x % 3) for x in range(FULL)], walls=[(5, 5)])
    write(folder, 3, [frame(1), frame(2)])
    write(folder, 4, [frame(0), frame(0), frame(1)])
    write(folder, 11, [frame(0), frame(0)])
    log = opened(folder)
    assert log.episodes.length.tolist() == [FULL + 1, 2, 1]
    _, columns = whole(log)
    assert columns["positions"][FULL - 1 : FULL + 2, 0, 0].tolist() == [(FULL - 1) % 3, 1, 2]


def test_attacks_without_a_frame_before_them_and_a_frame_that_was_cut_are_said(folder):
    write(folder, 1, [frame(0, attacks=[(0, 1, 9, 8)]), frame(1, attacks=[(0, 0, 1, 0)]), frame(1)])
    path = folder / "video_1.txt"
    path.write_text(path.read_text().rsplit("\n", 2)[0] + "\n")
    log = opened(folder)
    assert log.episodes.rows.tolist() == [2]
    assert {notice.code for notice in log.header.notices} >= {"unseen-attacks", "cut-frame"}
    names = log.header.field("actions").values
    assert [names[int(code)] for code in whole(log)[1]["actions"][0, :, 0]] == ["attack (1, 0)", "stay"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "W 0\n",
        "W 99999999999999999999\nF 1 0 0\n",
        "W -1\nF 1 0 0\n0 1 1 1 1 0\n",
        "W 0\nF 1 0 0\n0 1 1 1 1\n",
        "W 0\nF 1 0 0\n0 1 1 1 x 0\n",
        "W 0\nF 2 -1 0\n0 1 1 1 1 0\nF 0 0 0\n",
        "W 0\nF 1 0 0\n0 1 1 1 1 0 7\n",
        "W 0\nF 2 0 0\n0 1 1 1 1 0\n0 1 1 2 2 0\n",
        "W 0\nF 1 0 0\n0 1 1 9223372036854775807 1 0\n",
        "W 0\nF 0 0 0\n",
        "\x00\x00\x00",
        "W 0\nF 1 0 0\n\xff\xfe 1 1 1 1 0\n",
    ],
)
def test_damaged_files_are_errors_in_a_line(folder, text):
    (folder / "video_1.txt").write_text(text, "latin-1")
    with pytest.raises(LogFormatError) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)


def test_the_folder_is_found_and_a_single_file_names_it(folder):
    write(folder, 1, [frame(0), frame(1)])
    assert find_logs([folder.parent]) == [folder]
    with pytest.raises(ConvscopeError, match="give the folder"):
        opened(folder / "video_1.txt")
    (folder / "config.json").write_text('{"group": 3}')
    assert LOADER.sniff(probe(folder, "render")).score == 0


def test_a_folder_called_like_a_pattern_is_read_and_no_other(folder):
    run, other = folder.parent / "run[1]", folder.parent / "run1"
    for place, x in ((run, 3), (other, 5)):
        shutil.copytree(folder, place)
        write(place, 1, [frame(x), frame(x)])
    assert whole(opened(run))[1]["positions"][0, 0].tolist() == [3, 0]
