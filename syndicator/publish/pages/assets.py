"""The files that all pages need. The style is named by its content, so that a page and its style always fit.

Read once, at import; and without the templates' engine, for whoever only asks for their names.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib import resources

_TEMPLATES = resources.files("syndicator.publish.pages") / "templates"
_STYLE = (_TEMPLATES / "style.css").read_bytes()
STYLE_PATH = f"style-{blake2b(_STYLE, digest_size=6).hexdigest()}.css"
ICON_PATH = "icon.svg"
ASSETS = {STYLE_PATH: _STYLE, ICON_PATH: (_TEMPLATES / "icon.svg").read_bytes()}
"""By path in the output folder."""
