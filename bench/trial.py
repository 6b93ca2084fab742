"""Measuring several things beside one another: A B C, A B C, A B C …, so that the machine's drift hits all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.stats import Figure, Sample, figure

Labels = Mapping[str, Any]


class Arm(Protocol):
    """One thing that is measured."""

    name: str
    family: str
    """Arms of one family are ways of doing the same; others are compared with the fastest of them."""
    against: Sequence[str]
    """The families that it is compared with."""
    unit: str

    def warm_up(self) -> None:
        """Runs it for a moment, and learns how much of it fits into one run."""

    def run(self) -> Sample:
        """One run."""


@dataclass(frozen=True)
class Row:
    """What came out of one arm."""

    part: str
    labels: Labels
    arm: str
    unit: str
    rate: Figure
    p50_ms: Figure
    p95_ms: Figure
    p99_ms: Figure
    ratios: dict[str, Figure] = field(default_factory=dict)
    """Its rate over that of another arm in the same round."""
    runs: list[Sample] = field(default_factory=list)


def measure(part: str, labels: Labels, arms: Sequence[Arm], rounds: int) -> list[Row]:
    """The arms' rows, in their order."""
    for arm in arms:
        arm.warm_up()
    samples: dict[str, list[Sample]] = {arm.name: [] for arm in arms}
    for _ in range(rounds):
        for arm in arms:
            samples[arm.name].append(arm.run())
    return [_row(part, labels, arm, arms, samples) for arm in arms]


def _row(part: str, labels: Labels, arm: Arm, arms: Sequence[Arm], samples: dict[str, list[Sample]]) -> Row:
    own = samples[arm.name]
    ratios = {}
    for family in arm.against:
        relatives = [each.name for each in arms if each.family == family]
        if relatives:
            best = max(relatives, key=lambda name: figure([sample.rate for sample in samples[name]]).median)
            ratios[best] = figure([ours.rate / theirs.rate for ours, theirs in zip(own, samples[best], strict=True)])
    rate, p50, p95, p99 = (figure(values) for values in zip(*own, strict=True))
    latencies = (_milliseconds(p50), _milliseconds(p95), _milliseconds(p99))
    return Row(part, labels, arm.name, arm.unit, rate, *latencies, ratios, own)


def _milliseconds(seconds: Figure) -> Figure:
    return Figure(seconds.median * 1000, seconds.low * 1000, seconds.high * 1000)
