"""How sizes, counts and lists stand in sentences and tables."""

from collections.abc import Mapping, Sequence


def size(size_bytes: float) -> str:
    """Return bytes in decimal units: 119 kB, 13.4 MB, 978.0 MB, 1.2 TB."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:,.1f} {unit}"
    return f"{size_bytes / 1e3:,.0f} kB"


def counts(by_name: Mapping[str, int]) -> str:
    """Return counts by name: 13 nan, 2 null."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(by_name.items()))


def some(names: Sequence[str], most: int) -> str:
    """Return the first of these names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
