"""Edges between roles: the scores of all pairs of agents that have the two roles in an episode, added up.

Where slots are filled anew in each episode, the same two slots are now one pair of roles and now another: each
episode's scores go to the roles that the slots had in it.
"""

from dataclasses import replace

import numpy as np

from convscope.routing.intervention.pairs import Assignment, PairScores, is_step_pair
from convscope.routing.intervention.study import Part, Study
from convscope.values.arrays import FloatArray, IntArray


def role_study(study: Study, declared: IntArray, n_roles: int) -> Study:
    """Return the study with roles in the place of agents.

    Parameters
    ----------
    study
        Of agents whose actions have the same columns.
    declared
        Role of each agent in each episode of the log, -1 for none, shape (E, N).
    n_roles
        Number of roles.

    Returns
    -------
    Study
        Only of pairs that are tested within episodes: where whole episodes have an intervention, their labels are
        dealt anew pair by pair, and these deals do not add up over pairs.
    """
    roles = np.full(declared.shape, -1)
    roles[:, study.places] = declared[:, study.places]
    parts = tuple(_role_part(part, roles[part.scores.episode], n_roles) for part in study.parts)
    most = np.full(n_roles, study.n_components.max())
    return replace(study, parts=parts, n_components=most, places=np.arange(n_roles), are_roles=True)


def _role_part(part: Part, roles: IntArray, n_roles: int) -> Part:
    pairs = part.pairs
    has_role = np.equal(roles[..., None], np.arange(n_roles)).astype(np.float64)
    is_tested = is_step_pair(pairs.assignment) & ~np.eye(len(pairs.assignment), dtype=np.bool_)
    scores = np.where(is_tested[..., None], pairs.scores, 0.0)
    told = np.where(is_tested, pairs.information, 0.0)
    # Of the information of a pair, each episode holds its share.
    information = np.einsum("ena,emb,nm->ab", has_role, has_role, told, optimize=True) / max(len(roles), 1)
    return replace(
        part,
        pairs=PairScores(
            assignment=np.where(information > 0, int(Assignment.STEP), int(Assignment.NONE)),
            scores=np.einsum("ena,enmk,emb->eabk", has_role, scores, has_role, optimize=True),
            information=information,
            freedom=np.full(n_roles, pairs.freedom.min()),
            variance=_by_role(pairs.variance, has_role),
        ),
    )


def _by_role(values: FloatArray, has_role: FloatArray) -> FloatArray:
    share = has_role.sum(axis=0)
    total = np.maximum(share.sum(axis=0), 1)
    return np.asarray((share.T @ values) / total[:, None], dtype=np.float64)
