"""The pages of the trail's own app on which somebody reads whose data is held or erased (`OBSERVED_READS`)."""

from qenex.access import reads
from qenex.kernel.observing import Read, Reads

_MODELS = {"compliance_erasure": "erasure", "compliance_legalhold": "legal_hold"}

OBSERVED: Reads = {
    **reads.OBSERVED,
    **{
        f"admin:{model}_{page}": Read(reads.PERSONAL, subject)
        for model, subject in _MODELS.items()
        for page in ("changelist", "change")
    },
}
