"""The settings as a JSON schema, from the models: editors complete and check by it (pure).

What the models take beyond their own types, a text where a list may stand or `slack: preview`, is said here.
"""

from __future__ import annotations

from typing import Any

from syndicator.settings.models import Settings
from syndicator.settings.types import CLOCK, DURATION

UNSAID = ("title", "default", "discriminator")
"""Made up by pydantic, or in its own words."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> dict[str, Any]:
    """The schema of the settings file, with every key's meaning as far as the models say it."""
    made: dict[str, Any] = _said(Settings.model_json_schema(by_alias=True))
    made["properties"].pop("credentials")
    made["$defs"].pop("Credentials")
    made["$defs"]["Slack"] = {"anyOf": [made["$defs"]["Slack"], {"enum": ["post", "preview"]}]}
    return {"$schema": DIALECT, **made, "title": "The settings of syndicator"}


def _said(node: Any) -> Any:
    """The node as people write it: durations and times of day as text, one text for a list of texts."""
    if isinstance(node, list):
        return [_said(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _said(value) for key, value in node.items() if key not in UNSAID}
    form = node.get("format")
    if form in ("duration", "time", "path"):
        del found["format"]
    if form in ("duration", "time"):
        found["pattern"] = f"^{(DURATION if form == 'duration' else CLOCK).pattern}$"
    if found.get("type") == "array" and found.get("items") == {"type": "string"}:
        found = {"anyOf": [{"type": "string"}, found]}
    if isinstance(node.get("properties"), dict):
        # A setting may be called like a word of the schema itself.
        found["properties"] = {key: _said(value) for key, value in node["properties"].items()}
    return found
