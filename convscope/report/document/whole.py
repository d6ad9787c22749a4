"""The document as a whole."""

import json
from functools import cache
from importlib.resources import files

from convscope.report.document.gap import gap_part
from convscope.report.document.json_value import JsonValue, json_bytes
from convscope.report.document.log import log_part
from convscope.report.document.messages import messages_part
from convscope.report.document.provenance import provenance_part
from convscope.report.document.roles import roles_part
from convscope.report.document.routing import routing_part
from convscope.report.notices import all_notices
from convscope.values.evidence import Evidence

SCHEMA_VERSION = "1.0"
"""Of the document; the first number changes when a reader of the old form would stumble."""


def analysis_document(evidence: Evidence) -> dict[str, JsonValue]:
    """Return the content of ``analysis.json``.

    Parameters
    ----------
    evidence
        The results of an analysis.

    Returns
    -------
    dict
        A JSON object that follows `analysis_schema`. What was not computed or does not apply is null, with a warning
        that names the place.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "provenance": provenance_part(evidence),
        "log": log_part(evidence),
        "roles": roles_part(evidence.roles, evidence.segments),
        "routing": routing_part(evidence.routing, evidence.dependence) if evidence.routing else None,
        "messages": messages_part(evidence.messages) if evidence.messages and evidence.messages.tests else None,
        "gap": gap_part(evidence.gap) if evidence.gap else None,
        "drift": None,
        "warnings": [
            {"code": notice.code, "message": notice.message, "where": notice.where} for notice in all_notices(evidence)
        ],
    }


def analysis_bytes(evidence: Evidence) -> bytes:
    """Return ``analysis.json`` byte for byte: ASCII, 12 significant digits, a newline at the end."""
    return json_bytes(analysis_document(evidence))


@cache
def _schema_text() -> str:
    return files("convscope.report").joinpath("analysis.schema.json").read_text(encoding="utf-8")


def analysis_schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (2020-12) of `analysis_document`, as published in the package."""
    schema: dict[str, JsonValue] = json.loads(_schema_text())
    return schema
