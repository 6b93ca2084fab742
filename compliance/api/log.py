"""The log as C2SP tlog-tiles serves it, and proofs for those who would rather not walk over tiles."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import selectors
from compliance.api.fields import HashField
from compliance.errors import OutOfTree
from compliance.models import Leaf
from compliance.sealing import keys
from compliance.trail import tiles
from qenex.kernel.permissions import RoutePermission
from qenex.kernel.views import APIView

TEXT = "text/plain; charset=utf-8"
FOR_EVER = "max-age=31536000, immutable"
VIEW = "compliance.view_checkpoint"


class LogPermission(RoutePermission):
    """Hashes and signatures tell nothing but how much was recorded: a site may show them to everybody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request may go on."""
        return bool(settings.TRAIL_PUBLIC) or super().has_permission(request, view)


class LogView(APIView):
    """What an auditor or a witness mirrors."""

    permission_classes = [LogPermission]
    required_permissions = {"GET": VIEW}

    def kept(self, answer: HttpResponse, seconds: str) -> HttpResponse:
        """The answer, to be kept by whoever may see it."""
        answer["Cache-Control"] = f"{'public' if settings.TRAIL_PUBLIC else 'private'}, {seconds}"
        return answer


class CheckpointView(LogView):
    """The newest checkpoint."""

    @extend_schema(operation_id="log_checkpoint", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """Gives the newest checkpoint: a C2SP signed note, with the lines of witnesses."""
        return HttpResponse(selectors.published(selectors.newest()), TEXT, headers={"Cache-Control": "no-cache"})


class KeysView(LogView):
    """The keys of the log."""

    @extend_schema(operation_id="log_keys", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """Lists the verifier keys that checkpoints may be signed with, newest first, a line each."""
        return self.kept(HttpResponse("".join(f"{key}\n" for key in keys.vkeys()), TEXT), "max-age=60")


class TileView(LogView):
    """A tile."""

    @extend_schema(
        operation_id="log_tile",
        parameters=[OpenApiParameter("path", str, "path", description="<level>/<index>[.p/<width>], as tlog-tiles.")],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 404: OpenApiResponse(description="None.")},
    )
    def get(self, request: Request, path: str) -> HttpResponse:
        """Gives the hashes of a tile, 32 bytes each. It never changes."""
        try:
            wanted = tiles.parse(f"tile/{path}")
        except tiles.TileInvalid:
            raise OutOfTree from None
        hashes = selectors.tile(wanted, selectors.newest().size)
        return self.kept(HttpResponse(hashes, "application/octet-stream"), FOR_EVER)


class InclusionSerializer(serializers.Serializer[Any]):
    """That an event is in the log (RFC 6962, section 2.1.1)."""

    position = serializers.IntegerField()
    leaf_hash = HashField()
    size = serializers.IntegerField()
    root = HashField()  # type: ignore[assignment]  # a field of that name, not the serializer's property
    proof = serializers.ListField(child=HashField())


class ConsistencySerializer(serializers.Serializer[Any]):
    """That a tree is the beginning of another (RFC 6962, section 2.1.2)."""

    size1 = serializers.IntegerField()
    root1 = HashField()
    size2 = serializers.IntegerField()
    root2 = HashField()
    proof = serializers.ListField(child=HashField())


class PlaceSerializer(serializers.Serializer[Any]):
    """Which leaf, and in which tree."""

    event = serializers.UUIDField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    size = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Asks for the event or the position."""
        if ("event" in attrs) == ("position" in attrs):
            raise serializers.ValidationError({"event": "Give the event or the position."})
        return attrs


class SizesSerializer(serializers.Serializer[Any]):
    """Two sizes of the tree."""

    size1 = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    size2 = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class ProofView(LogView):
    """Inclusion of an event."""

    @extend_schema(operation_id="log_proof", parameters=[PlaceSerializer], responses=InclusionSerializer)
    def get(self, request: Request) -> HttpResponse:
        """Proves that an event, or what is at a position, is in the log: under the newest checkpoint or at a size."""
        asked = _valid(PlaceSerializer, request)
        by = {"event_id": asked["event"]} if "event" in asked else {"position": asked["position"]}
        leaf = Leaf.objects.using("reader").filter(**by).first()
        if leaf is None:
            raise NotFound
        proven = selectors.inclusion(leaf, selectors.newest(), asked.get("size"))
        return Response(InclusionSerializer(proven._asdict()).data)


class ConsistencyView(LogView):
    """That nothing was removed or re-ordered."""

    @extend_schema(operation_id="log_consistency", parameters=[SizesSerializer], responses=ConsistencySerializer)
    def get(self, request: Request) -> HttpResponse:
        """Proves that the tree of one size is the beginning of that of another, which is the newest unless given."""
        asked, under = _valid(SizesSerializer, request), selectors.newest()
        proven = selectors.consistency(asked["size1"], asked.get("size2", under.size), under)
        return Response(ConsistencySerializer(proven._asdict()).data)


def _valid(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = form(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    return given
