"""Declared and found roles that were matched, in sentences."""

from collections.abc import Iterator

from convscope.values.roles import RoleMatch, RoleMatching


def matching_sentences(matching: RoleMatching) -> tuple[str, ...]:
    """Say which found role is which declared one, and which were merged, split or not declared."""
    return tuple(_sentences(matching))


def _sentences(matching: RoleMatching) -> Iterator[str]:
    matched = [match for match in matching.matches if match.found is not None]
    # With one role there is nothing to match: all that can be said is what it merges.
    if len(matched) + len(matching.foreign) > 1:
        yield from map(_matched, matched)
    unmatched = [match.declared for match in matching.matches if match.found is None]
    if unmatched and len(matched) > 1:
        yield f"No found role is left for {_listed(unmatched)}."
    for found, declared in matching.merged:
        yield f"Role {found} merges {_listed(declared)}: most units of each play it."
    for declared_role, parts in matching.split:
        yield f"{declared_role} is split: it is most of {_listed([f'role {role}' for role in parts])}."
    if matching.foreign:
        roles = _listed([f"role {role}" for role in matching.foreign])
        yield f"Matched with no declared role: {roles}."


def _matched(match: RoleMatch) -> str:
    return (
        f"{match.declared} is matched with role {match.found}: {match.share_of_declared:.0%} of its units play it, "
        f"and {match.share_of_found:.0%} of the role's units are declared {match.declared}."
    )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
