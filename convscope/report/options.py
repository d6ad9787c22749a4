"""The choices that changed a result, as they were really used."""

from convscope.values.evidence import Evidence


def resolved_options(evidence: Evidence) -> tuple[tuple[str, str | int | float | None], ...]:
    """Return names and values of the options that change a number, the seed excepted.

    ``alpha`` and ``margin`` are those of the priors file where it states them: a margin is declared in advance.
    """
    config, prior = evidence.config, evidence.prior
    return (
        ("routing_source", config.routing_source.value if config.routing_source else None),
        ("team", config.team),
        ("agents", config.agents),
        ("checkpoint", config.checkpoint),
        ("heads", config.heads),
        ("role_method", config.role_method.value),
        ("alpha", config.alpha if prior is None or prior.alpha is None else prior.alpha),
        ("q", config.q),
        ("margin", config.margin if prior is None or prior.margin is None else prior.margin),
        ("n_permutations", config.n_permutations),
        ("max_block_bytes", config.max_block_bytes),
    )


def margin(evidence: Evidence) -> float:
    """Return the largest alignment gap that counts as aligned in this analysis."""
    stated = evidence.prior.margin if evidence.prior else None
    return evidence.config.margin if stated is None else stated
