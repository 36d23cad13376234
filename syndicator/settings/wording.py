"""What is wrong with a value, in the words of docs/settings.md (pure).

pydantic says what it found in its own words; those of `EXPECTED` are ours. A test walks all settings with
wrong values, so that none of its words is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syndicator.settings.keys import KeyPath, known_keys, unknown_key

PASSWORD = re.compile(r"(?<=://)[^/\s]+@")
LONGEST_SHOWN = 60

_NUMBER = "must be a number"
_WHOLE = "must be a whole number"
_FLAG = "must be true or false"
EXPECTED = {
    "string_type": "must be text; a number, a flag or a date as text stands in quotes",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "tuple_type": "must be a list, like [a, b]",
    "dict_type": "must be keys and values, like {{good: 90}}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least one item",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
}
"""By pydantic's name of the error: what is expected, with what it tells of the bounds."""


def say(detail: Mapping[str, Any], path: KeyPath) -> str:
    """What is wrong at the path and what is expected there, with the value as it stands in the file."""
    kind, value = detail["type"], detail["input"]
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden" | "is_instance_of":
            return unknown_key(str(path[-1]), known_keys(path[:-1]))
        case "string_type" if value is None:
            return 'is empty: what follows a `#` is a comment; write it in quotes, like "#news"'
        case "rule":
            return str(detail["msg"])
        case "value_error":
            expected = str(detail["ctx"]["error"])
        case "model_type" | "model_attributes_type":
            expected = f"must be keys and values; known here: {', '.join(known_keys(path))}"
        case _:
            # A choice comes quoted as Python does it.
            expected = EXPECTED.get(kind, "cannot be taken").format(**detail.get("ctx", {})).replace("'", "`")
    return f"{expected} (is {shown(value)})"


def shown(value: object) -> str:
    """The value as it stands in the file, shortened; a password in an address is left out."""
    text = "empty" if value is None else PASSWORD.sub("***@", repr(value))
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
