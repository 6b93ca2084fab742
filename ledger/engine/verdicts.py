"""What gates decided, in the words of the posting rules."""

from collections.abc import Iterable, Mapping

from ledger.domain.drafts import Kind
from ledger.domain.results import Code
from ledger.domain.sequence import GateVerdict
from ledger.gates import Decision, Facts, Gate, judge

_INSTEAD: dict[Decision, Kind | Code] = {
    Decision.HOLD: Kind.HOLD,
    Decision.SECOND_PERSON: Code.SECOND_PERSON_REQUIRED,
    Decision.APPROVAL: Code.APPROVAL_REQUIRED,
    Decision.REFUSE: Code.GATE_REFUSED,
}


def of(facts: Facts, asked: Iterable[Gate], *, linked: bool) -> Mapping[int, GateVerdict]:
    """What becomes of those transfers, by position, that the gates did not simply allow."""
    judged = judge(facts, asked)
    verdicts = {position: (_INSTEAD[verdict.decision], verdict.reason) for position, verdict in judged.items()}
    return _held_together(verdicts, len(facts.drafts)) if linked else verdicts


def _held_together(verdicts: Mapping[int, GateVerdict], count: int) -> Mapping[int, GateVerdict]:
    """What stands or falls together waits together: half of an exchange must not be posted while the other is held."""
    hold = next((verdict for verdict in verdicts.values() if verdict[0] is Kind.HOLD), None)
    return verdicts if hold is None else {position: verdicts.get(position, hold) for position in range(count)}
