"""The one reader of YAML: front matter, topic files and settings.

events (text -> values with their places) uses scalars (what a bare word means) and problems (syntax errors).
"""

from syndicator.yaml_reader.events import LIMITS, Document, Key, Limits, read_yaml

__all__ = ["LIMITS", "Document", "Key", "Limits", "read_yaml"]
