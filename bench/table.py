"""Rows as lines of text."""

from collections.abc import Sequence

from bench.stats import Figure
from bench.trial import Labels, Row


def lines(rows: Sequence[Row]) -> list[str]:
    """A head and a line for each row: rate, latencies in milliseconds, and ratios, as median (lowest-highest)."""
    head = ("", "per second", "p50 ms", "p95 ms", "p99 ms", "of what the other one does in the same round")
    body = [
        (
            row.arm,
            f"{row.rate.median:,.0f} ({row.rate.low:,.0f}-{row.rate.high:,.0f})",
            *(f"{each.median:,.2f}" for each in (row.p50_ms, row.p95_ms, row.p99_ms)),
            "; ".join(f"{percent(ratio)} of {name}" for name, ratio in row.ratios.items()),
        )
        for row in rows
    ]
    cells = [head, *body]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return [_line(line, widths) for line in cells]


def title(part: str, labels: Labels) -> str:
    """What a scenario is, in a line."""
    return f"{part}: {', '.join(_label(key, value) for key, value in labels.items())}"


def percent(ratio: Figure) -> str:
    """A ratio with its spread."""
    return f"{ratio.median:.0%} ({ratio.low:.0%}-{ratio.high:.0%})"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, last = cells
    middle = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join((first.ljust(widths[0]), *middle, last)).rstrip()


def _label(key: str, value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if key == "what" else f"{key} {text}"
