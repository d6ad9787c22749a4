"""``analysis.json``: the machine-readable result and its published schema."""

from convscope.report.document.json_value import JsonValue
from convscope.report.document.whole import analysis_bytes, analysis_document, analysis_schema

__all__ = ["JsonValue", "analysis_bytes", "analysis_document", "analysis_schema"]
