"""Text from files on a terminal: nothing in it is obeyed, and none of it passes for another line.

File names may hold any character but `/`: escape sequences that clear the screen or set its title, line
breaks that forge a line of ours, marks that turn the reading direction. rich takes only a few of them out.
"""

from __future__ import annotations

import re

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (ECMA-48), marks of direction and line ends (Unicode), bytes that were not UTF-8."""


def shown(text: str, *, but: str = "") -> str:
    r"""`text` with what a terminal obeys written out, as `\x1b` or `\u202e`; characters in `but` stay."""
    return _OBEYED.sub(lambda found: found[0] if found[0] in but else _written(found[0]), text)


def _written(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
