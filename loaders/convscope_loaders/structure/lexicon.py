"""The names that people give to arrays and groups."""

import re
from enum import StrEnum
from functools import lru_cache

from convscope.ingest.mapping import Axis


class Meaning(StrEnum):
    """What an array is about, by its name."""

    OBSERVATION = "observation"
    STATE = "state"
    ACTION = "action"
    ACTION_ONE_HOT = "one-hot action"
    ACTION_MASK = "action mask"
    LOGITS = "logits"
    PROBABILITIES = "probabilities"
    REWARD = "reward"
    TERMINATED = "terminated"
    TRUNCATED = "truncated"
    DONE = "done"
    NOT_DONE = "not done"
    NOT_TERMINATED = "not terminated"
    FIRST = "first row"
    FILLED = "filled"
    ALIVE = "alive"
    DEAD = "dead"
    STARTS = "episode starts"
    ENDS = "episode ends"
    LENGTHS = "episode lengths"
    EPISODE_ID = "episode number"
    TIMESTEP = "timestep"
    HIDDEN = "hidden state"
    MESSAGE = "message"
    ATTENTION = "attention"
    GATE = "gate"
    POSITION = "position"
    ROLE = "role"
    AGENT_NAMES = "agent names"
    WIDTHS = "observation widths"
    # What only a column of a table can be.
    AGENT = "agent"
    TEAM = "team"
    RUN = "run"
    CHECKPOINT = "checkpoint"
    CONDITION = "condition"
    INSTANCE = "environment"
    TEAM_REWARD = "team reward"
    COORDINATE = "coordinate"


_NAMES = {
    Meaning.OBSERVATION: "obs observation observations o ob local_obs agents_view",
    Meaning.STATE: "state states s global_state env_state world_state share_obs",
    Meaning.ACTION: "action actions act acts a acs u joint_action joint_actions",
    Meaning.ACTION_ONE_HOT: "actions_onehot action_onehot actions_one_hot onehot_actions",
    Meaning.ACTION_MASK: "avail_actions action_mask action_masks legal_actions legals legal_action_mask "
    "available_actions mask avail",
    Meaning.LOGITS: "logits action_logits action_dist_inputs policy_logits pi_logits",
    Meaning.PROBABILITIES: "probs action_probs action_probabilities pi policy_probs",
    Meaning.REWARD: "reward rewards rew rews r team_reward team_rewards global_reward shared_reward agent_rewards "
    "rewards_per_agent",
    Meaning.TERMINATED: "terminated terminations terminal terminals terminateds termination term terms is_terminal "
    "terminate",
    Meaning.TRUNCATED: "truncated truncations timeouts timeout truncateds truncation trunc truncs time_limit "
    "time_limits truncate is_truncated",
    Meaning.DONE: "done dones d global_done is_done is_last last lasts last_step last_steps ended end_of_episode eoe "
    "final is_final episode_done episode_dones agent_done agent_dones agents_done dones_per_agent",
    Meaning.NOT_DONE: "masks not_done not_dones notdone notdones continue continues is_continue cont conts goes_on",
    Meaning.NOT_TERMINATED: "nonterminal nonterminals non_terminal non_terminals not_terminal not_terminals "
    "not_terminated discount discounts",
    Meaning.FIRST: "is_first first firsts first_step first_steps is_init is_start new_episode reset resets is_reset "
    "begins is_begin",
    Meaning.FILLED: "filled valid valid_mask zero_padding_mask pad_mask padding_mask",
    Meaning.ALIVE: "alive unit_alive agent_alive alive_mask is_alive present agent_mask agent_present active "
    "active_mask active_masks is_active alives alive_masks agents_alive alive_agents active_agents agents_present",
    Meaning.DEAD: "dead deads is_dead agent_dead agents_dead dead_agents dead_mask dead_masks",
    Meaning.STARTS: "episode_starts ep_starts episode_start starts start traj_starts start_index "
    "offsets offset episode_offsets ep_offsets traj_offsets row_splits indptr",
    Meaning.ENDS: "episode_ends ep_ends episode_end ends end traj_ends end_index",
    Meaning.LENGTHS: "lengths length path_lengths traj_lengths ep_len ep_lens ep_lengths episode_lengths "
    "episode_length seq_lens",
    Meaning.EPISODE_ID: "eps_id eps_ids episode_id episode_ids traj_id traj_ids episode ep_id ep episode_index "
    "episode_idx trajectory_id trajectory_ids",
    Meaning.TIMESTEP: "t timestep timesteps time_step step env_step env_t step_in_episode",
    Meaning.HIDDEN: "hidden hidden_state hidden_states rnn_state rnn_states state_out h hstate",
    Meaning.MESSAGE: "message messages msg msgs comm comms communication",
    Meaning.ATTENTION: "attention attn attention_weights attn_weights att attn_probs attentions",
    Meaning.GATE: "gate gates comm_gate comm_gates gating",
    Meaning.POSITION: "pos position positions p_pos unit_positions agent_pos agent_position agent_positions "
    "agents_pos xy loc location locations coords",
    Meaning.ROLE: "role roles role_id role_ids declared_role declared_roles role_label role_labels agent_role "
    "agent_roles",
    Meaning.AGENT_NAMES: "agents agent_names agent_ids agent_order possible_agents agent_id names players",
    Meaning.WIDTHS: "obs_dim_per_agent obs_dims obs_sizes obs_size_per_agent obs_dim obs_widths",
}
NEGATED = frozenset({Meaning.NOT_DONE, Meaning.NOT_TERMINATED})
"""Flags of which zeros count."""
FLAG_MEANINGS = (Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED, *sorted(NEGATED))
"""What is said of an end in the row of a step."""
LAST_NAMES = frozenset({"is_last", "last", "lasts", "last_step", "last_steps"})
"""Flags that streams of timesteps set in the row after the last step."""
MEANING_OF = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}

_LEVELS = {
    Axis.RUN: "seed run replicate repeat experiment exp train_run",
    Axis.CHECKPOINT: "update checkpoint ckpt iter iteration epoch gen generation training_step train_step step phase "
    "milestone",
    Axis.EPISODE: "episode ep eps traj trajectory demo rollout game match trial round",
    Axis.AGENT: "agent player adversary ally unit robot drone predator prey scout good",
    Axis.CONDITION: "layout map scenario level task condition env_config variant terrain",
}
_AXIS_OF_STEM = {stem: axis for axis, stems in _LEVELS.items() for stem in stems.split()}
AGENT_STEMS = frozenset(stem for stem, axis in _AXIS_OF_STEM.items() if axis is Axis.AGENT)
"""Names of agents before their number."""

_LITERALS_TEXT = (
    "data steps step_data transition_data transitions buffer log agents info infos metadata "
    "meta next next_obs obs_next next_observations next_observation episodes channels extra env "
    "collector mask"
)
LITERALS = frozenset(_LITERALS_TEXT.split())
"""Groups that bundle arrays and count nothing."""

_SPLITS_TEXT = "train training test eval evaluation valid validation expert medium random replay good poor"
SPLITS = frozenset(_SPLITS_TEXT.split())
"""Groups that hold one kind of data each."""

_TEAMS_TEXT = "red blue green yellow team teams allies enemies predators prey preys attackers defenders home away"
TEAMS = frozenset(_TEAMS_TEXT.split())
"""Groups that may hold agents of one team each."""


class RingMark(StrEnum):
    """What a single number beside the arrays of a buffer says of its rows, by its name."""

    CURSOR = "row that is written next"
    COUNT = "rows written"
    FULL = "whether all rows are written"
    CAPACITY = "rows there are"


_RING_MARKS = {
    RingMark.CURSOR: "ptr pointer cursor pos position idx index counter head insert_idx insert_index insertion_idx "
    "insertion_index next_idx next_index write_idx write_index write_ptr write_pos buffer_index buffer_idx curr_i "
    "curr_idx current_idx current_index mem_cntr mem_counter",
    RingMark.COUNT: "size count filled filled_i n_filled num_filled filled_size current_size curr_size cur_size "
    "n_stored num_stored n_written num_written n_rows num_rows n_transitions num_transitions buffer_len "
    "episodes_in_buffer",
    RingMark.FULL: "full is_full",
    RingMark.CAPACITY: "capacity max_size maxsize buffer_size memory_size mem_size maxlen max_len max_buffer_size",
}
RING_MARK_OF = {name: mark for mark, names in _RING_MARKS.items() for name in names.split()}
_VAGUE_MARKS = "pos position idx index counter head size count filled n_rows num_rows full is_full"
VAGUE_MARKS = frozenset(_VAGUE_MARKS.split())
"""Names of single numbers that may as well speak of a world or of a run."""

_BRACES = re.compile(r"[_\-.]*\{[a-z]+\}[_\-.]*")
_NUMBERED = re.compile(r"^(.*?)[ _\-.]?(\d+)$")


def axis_of_stem(stem: str) -> Axis | None:
    """Return what groups count whose names begin so, before a number."""
    return _AXIS_OF_STEM.get(stem)


def axis_of_name(name: str) -> Axis | None:
    """Return what the groups in a group count, by its own name: a plural, such as ``rollouts`` or ``agents``."""
    lower = name.lower()
    singular = lower.removesuffix("ies") + "y" if lower.endswith("ies") else lower.removesuffix("s")
    return _AXIS_OF_STEM.get(singular) if singular != lower else None


def stem_of(name: str) -> tuple[str, str]:
    """Split a name into stem and number; the number is empty where there is none."""
    found = _NUMBERED.match(name)
    return (found[1].lower().rstrip("_-. "), found[2]) if found else (name.lower(), "")


def meaning_of(parts: tuple[str, ...]) -> Meaning | None:
    """Return the meaning of a folded path.

    The leaf tells it; the group around it only where the leaf is an agent, as in ``observations/{agent}``, or a part of
    what agents observe or remember.
    """
    told = _meaning(parts[-1])
    if told is not None or len(parts) == 1:
        return told
    around = _meaning(parts[-2])
    return around if parts[-1].startswith("{") or around in {Meaning.HIDDEN, Meaning.OBSERVATION} else None


@lru_cache(maxsize=1 << 12)
def _meaning(part: str) -> Meaning | None:
    name = _BRACES.sub("", part).lower().strip("_")
    stem = stem_of(name)[0]
    # A letter alone may be a field (s, o, a, r, d); a letter with a number is anything.
    return MEANING_OF.get(name) or (MEANING_OF.get(stem) if len(stem) > 1 else None)


_COLUMNS = {
    Meaning.AGENT: "agent player unit robot drone actor",
    Meaning.TEAM: "team side faction",
    Meaning.ACTION: "action_id action_idx action_index action_taken chosen_action selected_action executed_action",
    Meaning.INSTANCE: "env environment worker thread env_instance",
    Meaning.TEAM_REWARD: "team_reward team_rewards global_reward shared_reward joint_reward common_reward",
    Meaning.TIMESTEP: "env_time step_index step_idx step_number step_num time_index gameloop cur_gameloop time frame "
    "tick turn ts timestamp global_step total_steps",
    Meaning.ROLE: "agent_type unit_type agent_class",
    Meaning.COORDINATE: "x y z x_pos y_pos z_pos pos_x pos_y pos_z position_x position_y position_z agent_x agent_y "
    "agent_z loc_x loc_y loc_z coord_x coord_y coord_z row col column",
}
_COLUMN_MEANING_OF = {name: meaning for meaning, names in _COLUMNS.items() for name in names.split()}
_KEYS = ("_id", "_idx", "_index", "_name", "_no", "_num", "_number", "_key", "_label", "_uuid")
"""What people put behind the name of that which a column counts."""
_MEANING_OF_AXIS = {
    Axis.RUN: Meaning.RUN,
    Axis.CHECKPOINT: Meaning.CHECKPOINT,
    Axis.CONDITION: Meaning.CONDITION,
    Axis.EPISODE: Meaning.EPISODE_ID,
}
TIME_NAMES = (*_NAMES[Meaning.TIMESTEP].split(), *_COLUMNS[Meaning.TIMESTEP].split())
"""Names of columns with the timestep, the most telling first."""


def meaning_of_column(name: str) -> Meaning | None:
    """Return the meaning of a table's column, without the number behind its name.

    Parameters
    ----------
    name
        In small letters, words joined by ``_``.
    """
    told = _COLUMN_MEANING_OF.get(name) or MEANING_OF.get(name)
    if told is not None:
        return Meaning.AGENT if told is Meaning.AGENT_NAMES else told
    stem = next((name.removesuffix(key) for key in _KEYS if name.endswith(key)), name)
    axis = axis_of_stem(stem)
    counted = _COLUMN_MEANING_OF.get(stem) if stem != name else None
    return counted or (_MEANING_OF_AXIS.get(axis) if axis is not None else None)


def is_numbered_agent(name: str) -> bool:
    """Whether a name is that of an agent with its number, such as ``agent_0``."""
    stem, number = stem_of(name)
    return bool(number) and axis_of_stem(stem) is Axis.AGENT
