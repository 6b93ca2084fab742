"""What operators watch of the witnesses, in Prometheus' terms."""

from prometheus_client import Counter, Gauge

WITNESS = ("witness",)
COSIGNATURES = Counter("qenex_trail_cosignatures", "Cosignatures that held.", WITNESS)
FAILURES = Counter("qenex_trail_cosignature_failures", "Checkpoints that a witness did not cosign.", [*WITNESS, "why"])
COSIGNED_AT = Gauge(
    "qenex_trail_cosigned_timestamp_seconds", "When it cosigned last.", WITNESS, multiprocess_mode="mostrecent"
)
CONTRADICTED = Gauge(
    "qenex_trail_witness_contradicts", "1 while a witness contradicts our log.", WITNESS, multiprocess_mode="mostrecent"
)
