"""The trail's routes under /api/v1/."""

from django.urls import path

from compliance.api import log, personal, problems, receipts

__all__ = ["problems", "urlpatterns"]

urlpatterns = [
    path("log/checkpoint", log.CheckpointView.as_view(), name="api-log-checkpoint"),
    path("log/keys", log.KeysView.as_view(), name="api-log-keys"),
    path("log/tile/<path:path>", log.TileView.as_view(), name="api-log-tile"),
    path("log/proof", log.ProofView.as_view(), name="api-log-proof"),
    path("log/consistency", log.ConsistencyView.as_view(), name="api-log-consistency"),
    path("transfers/<uuid:pk>/receipt", receipts.TransferReceiptView.as_view(), name="api-transfer-receipt"),
    path("events/<uuid:pk>/personal", personal.EventPersonalView.as_view(), name="api-event-personal"),
    path("events/<uuid:pk>/receipt", receipts.EventReceiptView.as_view(), name="api-event-receipt"),
]
