"""What was read, with which options."""

from convscope.report.document.json_value import JsonValue
from convscope.report.options import resolved_options
from convscope.values.evidence import Evidence
from convscope.values.header import InputFile
from convscope.values.policy import AgentPolicy


def provenance_part(evidence: Evidence) -> JsonValue:
    """Return version, options, seed and digests; nothing that depends on the machine or the time."""
    return {
        "convscope_version": evidence.version,
        "options": dict(resolved_options(evidence)),
        "seed": evidence.config.seed,
        "priors": evidence.prior.file if evidence.prior else None,
        "priors_sha256": evidence.priors_sha256,
        "mapping_sha256": evidence.mapping_sha256,
        "formations_sha256": evidence.labels_sha256,
        "crossplay_sha256": evidence.crossplay_sha256,
        "layout_sha256": evidence.header.layout.sha256 if evidence.header.layout else None,
        "policies": [_policy(policy) for policy in evidence.header.policies],
        "inputs": [_input(file) for file in evidence.header.files],
    }


def _policy(policy: AgentPolicy) -> JsonValue:
    return {
        "name": policy.file.name,
        "sha256": policy.file.sha256,
        "format": policy.file.format.value,
        "agents": list(policy.agents),
        "signature": str(policy.signature),
    }


def _input(file: InputFile) -> JsonValue:
    return {
        "name": file.name,
        "sha256": file.sha256,
        "bytes": file.n_bytes,
        "loader": file.loader,
        "assumptions": list(file.assumptions),
    }
