"""Evidence of the shape that the stages make, from a few options: a relay team of scouts, collectors and a guard."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.conventions import Convention, ConventionNull, Conventions, CrossPlay, Renaming
from convscope.values.dependence import (
    Dependence,
    Formation,
    FormationOrigin,
    FormationSensitivity,
    LargestChange,
    PairShift,
    RunChange,
    RunShift,
    Shift,
)
from convscope.values.episodes import EpisodeTable
from convscope.values.evidence import Evidence, MeanReturn
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable
from convscope.values.fields import ACTIONS, ATTENTION, OBSERVATIONS, REWARDS, FieldSpec, Level
from convscope.values.gap import Component, Gap, NullRange, Verdict
from convscope.values.header import ActionKind, ActionSpace, Agent, InputFile, LogHeader, Notice
from convscope.values.messages import MessageMeasure, MessageMeasures, MessageTest
from convscope.values.preference import RolePreference
from convscope.values.prior import RolePrior
from convscope.values.roles import AgentClasses, ProfileFeature, RecoveryScores, RoleAssignment, RoleProfile
from convscope.values.routing import (
    EDGE_TYPES,
    ComparedSource,
    Concentration,
    Confound,
    RoutingGraph,
    RoutingTallies,
    SourceAgreement,
    SourceComparison,
    Validity,
)

ROLES = ("scout", "collector", "guard")
DECLARED = np.array([[0.2, 0.2, 0.6], [0.6, 0.2, 0.2], [0.2, 0.6, 0.2]])
FEATURES = (
    Feature(name="distance to nearest ally", unit="cells", family="relations"),
    Feature(name="speed", unit="cells per step", family="motion"),
    Feature(name="share of waiting", unit="share of steps", family="actions"),
)


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a made-up study looks like."""

    runs: tuple[str, ...] = ("seed_0", "seed_1", "seed_2")
    checkpoints: tuple[str, ...] = ("100", "200")
    agents: tuple[str, ...] = ("scout_0", "scout_1", "collector_0", "collector_1", "guard_0")
    n_episodes: int = 12
    """Of each run and checkpoint."""
    has_prior: bool = True
    has_routing: bool = True
    has_roles: bool = True


def role_names(study):
    return tuple(ROLES[slot // 2 % 3] for slot in range(len(study.agents)))


def header(study):
    roles = role_names(study) if study.has_prior else (None,) * len(study.agents)
    space = ActionSpace(kind=ActionKind.DISCRETE, n=(5,))
    return LogHeader(
        agents=tuple(
            Agent(name=name, action_space=space, group="agents", team="relay", declared_role=role)
            for name, role in zip(study.agents, roles, strict=True)
        ),
        fields=(
            FieldSpec(name=OBSERVATIONS, level=Level.AGENT, shape=(12,), dtype="float32", path="/obs"),
            FieldSpec(name=ACTIONS, level=Level.AGENT, shape=(1,), dtype="int8", path="/actions"),
            FieldSpec(name=REWARDS, level=Level.AGENT, path="/rewards"),
            FieldSpec(name=ATTENTION, level=Level.PAIR, shape=(2,), dtype="float32", path="/attention"),
        ),
        inputs=tuple(
            InputFile(
                name=f"{run}/data.h5",
                sha256=f"{number:x}" * 64,
                n_bytes=2_673_908,
                loader="hdf5",
                assumptions=("/attention is read as receiver by sender, as its attribute says.",),
            )
            for number, run in enumerate(study.runs)
        ),
        framework="relay",
        environment="relay-v0",
        roles=ROLES if study.has_prior else (),
    )


def episodes(study):
    n_checkpoints = max(len(study.checkpoints), 1)
    n = len(study.runs) * n_checkpoints * study.n_episodes
    block = np.arange(n) // study.n_episodes
    role_codes = np.array([ROLES.index(role) for role in role_names(study)])
    return EpisodeTable(
        runs=study.runs,
        checkpoints=study.checkpoints,
        conditions=(),
        run=block // n_checkpoints,
        checkpoint=block % n_checkpoints if study.checkpoints else np.full(n, -1),
        condition=np.full(n, -1),
        number=np.arange(n) % study.n_episodes,
        length=np.full(n, 40),
        rows=np.full(n, 40),
        end=np.full(n, 2, dtype=np.uint8),
        path=tuple(f"/episode_{number}" for number in range(n)),
        declared_roles=np.tile(role_codes if study.has_prior else np.full(len(study.agents), -1), (n, 1)),
    )


def unit_keys(study):
    table = episodes(study)
    roles = role_names(study)
    rows = [
        (
            table.run_name(episode),
            table.checkpoint_label(episode),
            None,
            int(table.number[episode]),
            table.path[episode],
            agent,
            roles[slot] if study.has_prior else None,
        )
        for episode in range(table.n_episodes)
        for slot, agent in enumerate(study.agents)
    ]
    return pl.DataFrame(rows, schema=UNIT_TYPES, orient="row")


def features(study, rng):
    keys = unit_keys(study)
    columns = [pl.Series(feature.name, rng.normal(2, 0.5, keys.height)) for feature in FEATURES]
    notices = (
        Notice(code="not-applicable", message="The log holds no positions.", where="features.occupancy"),
        Notice(code="not-applicable", message="The log holds no messages.", where="features.messages"),
    )
    return FeatureTable(frame=keys.with_columns(columns), features=FEATURES, notices=notices)


def roles(study, rng):
    keys = unit_keys(study)
    if not study.has_roles:
        table = keys.with_columns(role=pl.lit(None, pl.Int32), confidence=pl.lit(None, pl.Float64))
        return RoleAssignment(
            table=table, k=None, k_agents=None, k1_rejected=None, stability=None, classes=(), profiles=(),
            recovery=None, confusion=None, map=None,
            notices=(Notice(code="not-applicable", message="No behaviour feature is afforded.", where="roles"),),
        )  # fmt: skip
    codes = np.tile(np.arange(len(study.agents)) // 2 % 3, keys.height // len(study.agents))
    codes = np.where(rng.random(keys.height) < 0.1, rng.integers(3, size=keys.height), codes)
    table = keys.with_columns(
        role=pl.Series(codes, dtype=pl.Int32), confidence=pl.Series(rng.uniform(0.7, 1, keys.height))
    )
    centres = np.array([[2.0, 0.5], [-1.5, 1.5], [-0.5, -2.0]])
    return RoleAssignment(
        table=table,
        k=3,
        k_agents=3,
        k1_rejected=True,
        stability=0.9312345678,
        classes=tuple(_classes(study, run) for run in study.runs),
        profiles=tuple(_profile(study, role, int((codes == role).sum())) for role in range(3)),
        recovery=RecoveryScores(ami=0.81, ari=0.84, homogeneity=0.8, completeness=0.83) if study.has_prior else None,
        confusion=_confusion(table) if study.has_prior else None,
        map=centres[codes] + rng.normal(0, 0.6, (keys.height, 2)),
    )


def _classes(study, run):
    class_of = tuple(slot // 2 % 3 for slot in range(len(study.agents)))
    apart = np.not_equal.outer(class_of, class_of)
    return AgentClasses(
        run=run,
        checkpoint=study.checkpoints[-1] if study.checkpoints else None,
        members=study.agents,
        distance=np.where(apart, 1.234, 0.1) * (1 - np.eye(len(study.agents))),
        p_value=np.where(apart, 0.001, 0.42) + np.eye(len(study.agents)) * 0.58,
        class_of=class_of,
        attainable_p=0.001,
    )


def _profile(study, role, size):
    words = ("far from its nearest ally, fast", "near its nearest ally", "slow, often waiting")
    effects = ((1.61803398, 0.9), (-1.2, 0.4), (-1.9, 1.1))[role]
    sets_apart = tuple(
        ProfileFeature(name=feature.name, unit=feature.unit, effect=effect, mean=2.123456, other_mean=1.5)
        for feature, effect in zip(FEATURES, effects, strict=False)
    )
    checkpoint = study.checkpoints[-1] if study.checkpoints else None
    exemplar = (study.runs[0], checkpoint, 3, study.agents[0])
    return RoleProfile(role=role, label=words[role], size=size, features=sets_apart, exemplars=(exemplar,))


def _confusion(table):
    counts = table.group_by("declared_role", "role", maintain_order=True).len("units")
    return counts.rename({"role": "found_role"}).sort("declared_role", "found_role")


def routing(study, rng):
    edges = _edges(study, rng).with_columns(run=pl.lit(None, pl.String), checkpoint=pl.lit(None, pl.String))
    by_run = [
        _edges(study, rng).with_columns(run=pl.lit(run), checkpoint=pl.lit(checkpoint, pl.String))
        for run in study.runs
        for checkpoint in study.checkpoints or (None,)
    ]
    n_runs, n_agents = len(study.runs), len(study.agents)
    empty = RoutingTallies(
        run=np.zeros(0, dtype=np.int64),
        unit=np.zeros(0, dtype=np.int64),
        receiver=np.zeros(0, dtype=np.int64),
        valid=np.zeros((0, n_agents), dtype=np.bool_),
        mass=np.zeros((0, n_agents)),
        n_steps=np.zeros(0),
        roles=np.zeros((0, n_agents), dtype=np.int64),
        runs=study.runs,
    )
    learned = 0.5 * DECLARED + 0.5 / 3 + rng.normal(0, 0.04, (n_runs, 3, 3))
    learned[:, 2, 2] = np.nan
    preference = RolePreference(roles=ROLES, runs=study.runs, per_run=learned, mass=100 * learned)
    return RoutingGraph(
        source=RoutingSource.ATTENTION,
        claim="attends to",
        unit="share of attention",
        agents=study.agents,
        edges=edges,
        edges_by_run=pl.concat([frame.select(edges.columns) for frame in by_run]),
        tallies=empty,
        halves=(),
        preference=preference if study.has_prior else None,
        role_edges=_role_edges() if study.has_prior else None,
        concentration=tuple(
            Concentration(receiver=role, value=0.1 * number, interval=(0.0, 0.2 + 0.1 * number))
            for number, role in enumerate(ROLES)
        ),
        comparison=SourceComparison(
            others=(
                ComparedSource(
                    source=RoutingSource.TRANSFER_ENTROPY,
                    claim="precedes and predicts",
                    unit="bits per step",
                    edges=edges,
                ),
            ),
            agreements=(
                SourceAgreement(
                    first=RoutingSource.ATTENTION,
                    second=RoutingSource.TRANSFER_ENTROPY,
                    correlation=0.41,
                    p_value=0.034,
                    partial_correlation=0.12,
                    partial_p_value=0.3,
                ),
            ),
            confounds=(Confound(name="closeness", correlation=0.62, p_value=0.01),),
            validity=Validity(source=RoutingSource.TRANSFER_ENTROPY, correlation=0.41, p_value=0.034, is_valid=True),
        ),
    )


def _edges(study, rng):
    names = role_names(study)
    rows = []
    for i, receiver in enumerate(study.agents):
        for j, sender in enumerate(study.agents):
            if i != j:
                strong = DECLARED[ROLES.index(names[i]), ROLES.index(names[j])] > 0.5
                weight = float((0.4 if strong else 0.15) + rng.normal(0, 0.02))
                q = 0.004 if strong else 0.6
                sizes = (weight / 2, weight - 0.05, weight + 0.05, 0.06)
                rows.append((None, None, sender, receiver, weight, q / 2, q, strong, *sizes))
    return pl.DataFrame(rows, schema=EDGE_TYPES, orient="row")


def _role_edges():
    pairs = [(sender, receiver) for receiver in range(3) for sender in range(3)]
    return pl.DataFrame(
        {
            "sender": [ROLES[sender] for sender, _ in pairs],
            "receiver": [ROLES[receiver] for _, receiver in pairs],
            "weight": [float(DECLARED[receiver, sender]) for sender, receiver in pairs],
            "p_value": [0.001 if DECLARED[receiver, sender] > 0.5 else 0.7 for sender, receiver in pairs],
            "q_value": [0.003 if DECLARED[receiver, sender] > 0.5 else 0.8 for sender, receiver in pairs],
            "significant": [bool(DECLARED[receiver, sender] > 0.5) for sender, receiver in pairs],
            **{name: [None] * len(pairs) for name in ("share", "low", "high", "smallest_detectable")},
        }
    )


def gap(study):
    is_single = len(study.runs) < 3
    kind = "these runs only" if is_single else "Student-t over runs, 95 %"
    later = "not computed yet"
    return Gap(
        components=(
            Component(
                name="alignment", value=0.48765432, interval=(0.31, 0.66), interval_kind=kind, p_value=0.012,
                attainable_p=0.0046, scorable=True, parts=(("T_U", 0.05217), ("noise floor", 0.0003)),
            ),
            Component(name="dilution", value=0.5, interval=(0.38, 0.62), interval_kind=kind, scorable=True),
            Component(name="foreign", value=0.04, interval=(0.0, 0.11), interval_kind=kind, scorable=True),
            Component(
                name="recovery", value=0.19, interval=(0.12, 0.26), interval_kind=kind, p_value=0.001, scorable=True
            ),
            Component(name="behaviour", value=None, why="no behaviour was declared"),
            Component(
                name="multiplicity", value=0.02, null=NullRange(mean=0.02, low=0.0, high=0.05), p_value=0.44,
                scorable=True,
                effect="Runs that go separate ways account for 2 % of the distance to a role-blind team.",
            ),
            Component(name="stability", value=None, why=later),
        ),
        declared=DECLARED,
        learned=0.5 * DECLARED + 0.5 / 3,
        roles=ROLES,
        composite=None,
        verdict=Verdict.INSUFFICIENT_EVIDENCE if is_single else Verdict.PARTIAL,
        reasons=("one run only: these figures describe this run and cannot be carried over to others",)
        if is_single
        else (
            "routing follows the declared roles more than chance (alignment p = 0.012)",
            "and yet about half of the declared preference is diluted (0.50, 95 % interval 0.38 to 0.62)",
        ),
        smallest_detectable=0.35,
        runs_needed=3 if is_single else None,
        conventions=conventions(study),
        renaming=Renaming(behaves_as=ROLES, gap=0.48, certainty=None if is_single else 0.97, n_equal=1),
        symmetries=(ROLES, (*ROLES[1:], ROLES[0])),
        n_symmetries=2,
        outlook=("More runs: 3 in all instead of 1.",) if is_single else ("A margin above 0.66 would do.",),
        notices=(
            Notice(code="not-computed", message="Stability comes with drift.", where="gap.components.stability"),
            Notice(code="not-computed", message="The composite is withheld.", where="gap.composite"),
        ),
    )  # fmt: skip


def conventions(study):
    n_runs = len(study.runs)
    distance = 0.1 * (1 - np.eye(n_runs))
    groups = [study.runs] if n_runs < 2 else [study.runs[:-1], study.runs[-1:]]
    renaming = Renaming(behaves_as=(ROLES[1], ROLES[0], ROLES[2]), gap=0.3, certainty=None, n_equal=2)
    played = CrossPlay(
        runs=study.runs, distance=distance, within=0.1, between=0.5, p_value=0.03, correlation=0.8, correlation_p=0.02
    )
    return Conventions(
        found=tuple(Convention(runs=runs, preference=DECLARED, gap=0.7, renaming=renaming) for runs in groups),
        null=None if n_runs < 2 else ConventionNull.HABITS,
        p_value=None if n_runs < 2 else 0.01,
        distance=distance,
        runs=study.runs,
        crossplay=None if n_runs < 2 else played,
    )


def make_evidence(study=None, **changes):
    """Return evidence about a made-up study, with some of its parts exchanged."""
    study = study or Study()
    rng = np.random.default_rng(7)
    table = episodes(study)
    feature_table, assignment = features(study, rng), roles(study, rng)
    graph = routing(study, rng) if study.has_routing else None
    translation = gap(study) if study.has_prior else None
    depends = dependence(study) if study.has_routing and study.has_prior else Dependence()
    parts = [part for part in (feature_table, assignment, graph, translation, depends) if part is not None]
    evidence = Evidence(
        version="0.1.0",
        config=AnalysisConfig(),
        header=header(study),
        episodes=table,
        analysed=study.agents,
        returns=tuple(
            MeanReturn(run=run, checkpoint=checkpoint, mean=12.345678 + number + 4 * late, n_episodes=study.n_episodes)
            for number, run in enumerate(study.runs)
            for late, checkpoint in enumerate(study.checkpoints or (None,))
        ),
        features=feature_table,
        roles=assignment,
        routing=graph,
        prior=prior(study) if study.has_prior else None,
        gap=translation,
        messages=messages(study),
        dependence=depends,
        priors_sha256="a" * 64 if study.has_prior else None,
        notices=tuple(dict.fromkeys(notice for part in parts for notice in part.notices)),
    )
    return replace(evidence, **changes)


def messages(study):
    test = MessageTest(
        measure=MessageMeasure.INSTANTANEOUS_COORDINATION,
        sender=study.agents[0],
        receiver=study.agents[-1],
        lag=1,
        bits=0.0712,
        floor=0.0031,
        p_value=0.001,
        q_value=0.004,
        significant=study.has_routing,
    )
    return MessageMeasures(n_symbols=4, tests=(test,))


def dependence(study):
    wide = np.array([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0.3, 0.7, np.nan]])
    formations = [
        Formation(name=name, n_episodes=30, n_timesteps=700 + 5 * number, spread=1.5 + number, matrix=matrix)
        for number, (name, matrix) in enumerate((("tight", wide + np.array([0, 0.1, -0.1])), ("wide", wide)))
    ]
    change = LargestChange(
        value=0.1,
        formations=("tight", "wide"),
        sender="collector",
        receiver="scout",
        null_mean=0.03,
        null_high=0.06,
        p_value=0.004,
    )
    sensitivity = FormationSensitivity(
        origin=FormationOrigin.FILE,
        nodes=ROLES,
        formations=tuple(formations),
        cell=change,
        key=replace(change, receiver=None),
        runs=tuple(RunChange(run=run, cell=0.1, key=0.1, cell_p_value=0.01, key_p_value=0.02) for run in study.runs),
        attainable_p=0.001,
        window=2,
        shift=None,
    )
    pair = PairShift(
        first="3 agents",
        second="5 agents",
        divergence=0.02,
        floor=0.019,
        p_value=0.4,
        null=(0.0, 0.005),
        attainable_p=0.001,
        runs=tuple(RunShift(run=run, divergence=0.02, floor=0.019) for run in study.runs),
    )
    notices = tuple(
        Notice(code="not-applicable", message=f"There is nothing to compare for {name}.", where=f"routing.{name}")
        for name in ("transfer", "padding", "drift")
    )
    return Dependence(formation=sensitivity, scaling=Shift(pairs=(pair,)), notices=notices)


def prior(study):
    role_of = dict(zip(study.agents, role_names(study), strict=True))
    return RolePrior(roles=ROLES, role_of=role_of, preference=DECLARED, sha256="a" * 64)


SINGLE = Study(
    runs=("run_0",), checkpoints=(), agents=("agent_0", "agent_1", "agent_2"), has_prior=False, has_routing=False
)
BARE = replace(SINGLE, has_roles=False)
CROWD = Study(
    runs=("seed_0", "seed_1"), checkpoints=("1",), agents=tuple(f"agent_{slot}" for slot in range(64)), n_episodes=40
)
