"""What the log holds."""

from convscope.report.document.json_value import JsonValue
from convscope.values.evidence import Evidence


def log_part(evidence: Evidence) -> JsonValue:
    """Return counts over all runs and checkpoints, agents, fields and returns."""
    header, episodes = evidence.header, evidence.episodes
    return {
        "framework": header.framework,
        "environment": header.environment,
        "n_runs": len(episodes.runs),
        "n_checkpoints": len(set(episodes.checkpoints)),
        "n_episodes": episodes.n_episodes,
        "n_timesteps": episodes.n_timesteps,
        "runs": list(episodes.runs),
        "checkpoints": list(episodes.checkpoints),
        "conditions": list(episodes.conditions),
        "agents": [
            {
                "name": agent.name,
                "group": agent.group,
                "team": agent.team,
                "declared_role": agent.declared_role if header.identities_persist else None,
            }
            for agent in header.agents
        ],
        "analysed": list(evidence.analysed),
        "identities_persist": header.identities_persist,
        "fields": sorted(field.name for field in header.fields),
        "returns": [
            {"run": mean.run, "checkpoint": mean.checkpoint, "mean": mean.mean, "n_episodes": mean.n_episodes}
            for mean in evidence.returns
        ],
    }
