"""How well found roles agree with declared ones."""

import polars as pl
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, homogeneity_completeness_v_measure

from convscope.values.roles import RecoveryScores


def recovery_scores(declared: list[str], found: list[int]) -> RecoveryScores | None:
    """Score the agreement on units.

    Parameters
    ----------
    declared
        Declared role of each unit.
    found
        Found role of each unit.

    Returns
    -------
    RecoveryScores or None
        Adjusted mutual information and Rand index are 1 for equal divisions and about 0 by chance. Homogeneity 1: no
        found role mixes declared ones; completeness 1: no declared role is split. None with fewer than two declared
        roles: any division of one role would be called homogeneous.

    References
    ----------
    Vinh, Epps and Bailey (2010) for the AMI, arithmetic mean; Hubert and Arabie (1985); Rosenberg and
    Hirschberg (2007).
    """
    if len(set(declared)) < 2:
        return None
    homogeneity, completeness, _ = homogeneity_completeness_v_measure(declared, found)
    return RecoveryScores(
        ami=float(adjusted_mutual_info_score(declared, found)),
        ari=float(adjusted_rand_score(declared, found)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
    )


def recovery(table: pl.DataFrame) -> tuple[RecoveryScores | None, pl.DataFrame | None]:
    """Score and cross-tabulate the units that have both a declared and a found role.

    Parameters
    ----------
    table
        ``declared_role`` and ``role`` of the analysed units.

    Returns
    -------
    tuple
        Scores, and ``declared_role``, ``role`` and ``count`` in this order, sorted; both None unless such
        units have two declared roles.
    """
    both = table.select("declared_role", "role").drop_nulls()
    scores = recovery_scores(both["declared_role"].to_list(), both["role"].to_list())
    if scores is None:
        return None, None
    counts = both.group_by("declared_role", "role").len("count").sort("declared_role", "role")
    return scores, counts.with_columns(pl.col("count").cast(pl.Int64))
