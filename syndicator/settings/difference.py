"""What differs between two readings of the settings, one by one (pure).

Items of a list go by their names, so that a route that is put in front changes nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from syndicator.settings.effective import DEFAULT, Effective

CHANGED = "set, another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting, or a whole item of a list; None: it is not there."""

    key: str
    before: str | None
    after: str | None


def changes(
    before: Sequence[Effective],
    after: Sequence[Effective],
    *,
    but: Callable[[Effective], bool] = lambda _one: False,
) -> list[SettingChange]:
    """What makes `after` of `before`, in the order of the reference; secrets are never shown.

    Settings for which `but` is true on either side are left out. A default that comes or goes with
    what stands above it is not said again.
    """
    names = [name for name in _names(after).values() if name not in _names(before).values()]
    gone = [name for name in _names(before).values() if name not in _names(after).values()]
    old, new = _by_key(before), _by_key(after)
    found = [_item(name, before=None, after=new) for name in names]
    found += [_item(name, before=old, after=None) for name in gone]
    for key in [*new, *(key for key in old if key not in new)]:
        if any(but(side[key]) for side in (old, new) if key in side):
            continue
        if not any(key.startswith(f"{name}.") for name in (*names, *gone)):
            found += _of_one(key, old.get(key), new.get(key))
    return found + list(_reordered(before, after))


def _of_one(key: str, old: Effective | None, new: Effective | None) -> list[SettingChange]:
    if old is not None and new is not None:
        if old.value != new.value:
            return [SettingChange(key=key, before=old.value, after=new.value)]
        both = old.secret is not None and new.secret is not None
        return (
            [SettingChange(key=key, before=old.value, after=CHANGED)]
            if both and old.secret != new.secret
            else []
        )
    one = old or new
    if one is None or one.origin == DEFAULT:
        return []
    return [SettingChange(key=key, before=old.value if old else None, after=new.value if new else None)]


def _item(
    name: str, *, before: Mapping[str, Effective] | None, after: Mapping[str, Effective] | None
) -> SettingChange:
    """A whole item that came or went, with what the file says of it."""

    def words(found: Mapping[str, Effective] | None) -> str | None:
        if found is None:
            return None
        said = (
            (key.removeprefix(f"{name}."), one) for key, one in found.items() if key.startswith(f"{name}.")
        )
        return ", ".join(
            f"{key}: {one.value}" for key, one in said if key != "name" and one.origin != DEFAULT
        )

    return SettingChange(key=name, before=words(before), after=words(after))


def _reordered(before: Sequence[Effective], after: Sequence[Effective]) -> Iterator[SettingChange]:
    """Lists whose items are in another order: of several routes the first that takes a story counts."""
    old, new = list(_names(before).values()), list(_names(after).values())
    for head in dict.fromkeys(name.partition("[")[0] for name in new):
        orders = [
            [n for n in one if n in other and n.startswith(f"{head}[")]
            for one, other in ((old, new), (new, old))
        ]
        if orders[0] != orders[1]:
            was, now = (", ".join(name[len(head) + 1 : -1] for name in order) for order in orders)
            yield SettingChange(key=f"{head}: order", before=was, after=now)


def _names(found: Sequence[Effective]) -> dict[str, str]:
    """`routes[0]` -> `routes[ai]`, of each item of a list that has a name."""
    items = ((one.key.removesuffix(".name"), one.value) for one in found if one.key.endswith("].name"))
    return {item: f"{item.partition('[')[0]}[{name}]" for item, name in items}


def _by_key(found: Sequence[Effective]) -> dict[str, Effective]:
    names = _names(found)
    keyed: dict[str, Effective] = {}
    for one in found:
        item, end, rest = one.key.partition("]")
        keyed[names.get(item + end, item + end) + rest] = one
    return keyed
