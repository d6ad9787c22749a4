"""Event logs joined to a row per episode, timestep and agent: state, action, and what came of it."""

from pathlib import Path

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.parsed import Parsed, coded
from convscope.values.header import Notice
from convscope_loaders.flatland.events import KEYS, EventLogs

NUMBERS = (
    "env_time",
    "agent_id",
    "action",
    "row",
    "column",
    "heading",
    "reward",
    "malfunction",
    "speed",
    "train_state",
    "is_running",
    "terminated",
    "truncated",
)
"""Columns of the table that are numbers."""
_ARRIVED = 6
"""``TrainState.DONE``."""
_STATES = ["malfunction", "speed", "train_state"]


def parse(folder: Path) -> Parsed:
    """Turn a trajectory folder into a table with a row per episode, timestep and agent."""
    logs = EventLogs(folder)
    actions, positions, outcomes = logs.actions(), logs.positions(), logs.outcomes()
    if not actions.height:
        raise LogFormatError(f"{folder}: no action was recorded")
    # What a step left is written under the time after it: as a result it belongs to the step, as a state to the next.
    results = outcomes.select(*KEYS, "reward").with_columns(pl.col("env_time") - 1)
    if results.select((pl.col("env_time") < 0).any()).item():
        raise LogFormatError(f"{folder}: rewards begin before the first step; the files are those of another version")
    states = outcomes.select(*KEYS, *_STATES)
    steps = pl.concat([table.select(KEYS) for table in (actions, positions, results, states)]).unique()
    for table in (actions, positions.drop("position"), results, states):
        steps = steps.join(table, on=KEYS, how="left")
    steps = steps.join(_ends(outcomes, logs.arrivals()), on="episode_id", how="left")
    steps = steps.join(_last_steps(outcomes), on=["episode_id", "agent_id"], how="left")
    order = actions.select("episode_id").unique(maintain_order=True).with_row_index("order")
    steps = _with_flags(steps).join(order, on="episode_id", how="left").sort("order", "env_time", "agent_id")
    return _parsed(steps, _left_out(positions, outcomes))


def _ends(outcomes: pl.DataFrame, arrivals: pl.DataFrame) -> pl.DataFrame:
    """Return the last time of each episode, and whether all trains were done and had arrived by then."""
    last = outcomes.group_by("episode_id").agg(pl.col("env_time").max().alias("last_time"))
    final = outcomes.join(last, on="episode_id").filter(pl.col("env_time") == pl.col("last_time"))
    ends = final.group_by("episode_id", "last_time").agg(
        pl.col("done").fill_null(value=False).all().alias("all_done"),
        (pl.col("train_state") == _ARRIVED).all().alias("states_arrived"),
        pl.col("train_state").is_null().any().alias("has_no_state"),
    )
    rated = ends.join(arrivals, on="episode_id", how="left")
    told = pl.when("has_no_state").then(pl.col("success_rate") >= 1).otherwise("states_arrived")
    return rated.select("episode_id", "last_time", "all_done", told.alias("all_arrived"))


def _last_steps(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Return from which time on each train is out: after its first done, at the end only if it has arrived."""
    done = outcomes.filter("done")
    last = outcomes.group_by("episode_id").agg(pl.col("env_time").max().alias("end"))
    known = done.join(last, on="episode_id")
    is_out = (pl.col("env_time") < pl.col("end")) | (pl.col("train_state") == _ARRIVED)
    return known.filter(is_out).group_by("episode_id", "agent_id").agg(pl.col("env_time").min().alias("out_from"))


def _with_flags(steps: pl.DataFrame) -> pl.DataFrame:
    is_running = pl.col("out_from").is_null() | (pl.col("env_time") < pl.col("out_from"))
    is_last = (pl.col("env_time") == pl.col("last_time") - 1) & pl.col("all_done")
    return steps.with_columns(
        is_running.alias("is_running"),
        pl.when(is_running).then("action").alias("action"),
        (is_last & pl.col("all_arrived")).fill_null(value=False).alias("terminated"),
        (is_last & ~pl.col("all_arrived")).fill_null(value=False).alias("truncated"),
    )


def _left_out(positions: pl.DataFrame, outcomes: pl.DataFrame) -> tuple[Notice, ...]:
    is_odd = pl.col("position").is_not_null() & pl.col("row").is_null() & ~pl.col("position").str.starts_with("(None,")
    n_odd = int(positions.select(is_odd.sum()).item())
    n_split = outcomes["reward"].null_count()
    found: list[Notice] = []
    if n_odd:
        message = f"{n_odd} positions are no ((row, column), direction) and are left out"
        found.append(Notice(code="left-out-positions", message=message))
    if n_split:
        found.append(Notice(code="left-out-rewards", message=f"{n_split} rewards are no numbers and are left out"))
    return tuple(found)


def _parsed(steps: pl.DataFrame, notices: tuple[Notice, ...]) -> Parsed:
    episodes, names = coded(steps["episode_id"].to_numpy().astype(str))
    arrays = {f"/{name}": steps[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in NUMBERS}
    return Parsed(
        arrays={**arrays, "/episode_id": episodes},
        attributes={"/episode_id": {"values": names}},
        notices=notices,
    )
