"""Medians with their spread. One run gives a Sample; several runs of the same thing give Figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """One run: how many a second, and the latency of one call in seconds."""

    rate: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Figure:
    """The median of several runs, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def figure(values: Sequence[float]) -> Figure:
    """The figure of at least one run's values."""
    return Figure(median(values), min(values), max(values))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest of the rising values that so many percent of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def sample(rate: float, latencies: Sequence[float]) -> Sample:
    """The sample of a run with at least one latency."""
    ordered = sorted(latencies)
    return Sample(rate, percentile(ordered, 50), percentile(ordered, 95), percentile(ordered, 99))
