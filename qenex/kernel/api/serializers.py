"""How events are shown."""

import json
from typing import Any

from rest_framework import serializers

from qenex.kernel.models import Event


class SubjectSerializer(serializers.Serializer[Any]):
    """What an event is about."""

    type = serializers.CharField()
    id = serializers.CharField()


class PrincipalSerializer(serializers.Serializer[Any]):
    """Somebody for whom another acts."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()


class EventActorSerializer(serializers.Serializer[Any]):
    """Who did it, and how they proved it."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    address = serializers.CharField(allow_null=True, help_text="Of events from before addresses were sealed.")
    method = serializers.CharField()
    key_id = serializers.CharField(
        allow_null=True,
        required=False,  # older events lack it, and are shown as their bytes have it
        help_text="The id of the API key, of the sign-in with its tokens, or of the session.",
    )
    on_behalf_of = PrincipalSerializer(
        allow_null=True,
        required=False,
        help_text="For whom: who asked for what the actor approved, or whom a command is about.",
    )


class ChangeSerializer(serializers.Serializer[Any]):
    """A field before and after."""

    before = serializers.JSONField()
    after = serializers.JSONField()


class SealedSerializer(serializers.Serializer[Any]):
    """Personal data of one person in an event: ciphertext, which is what is hashed."""

    places = serializers.ListField(child=serializers.CharField(), help_text="Where the sealed values belong.")
    key = serializers.UUIDField(required=False)
    sealed = serializers.CharField(required=False)


class EventSerializer(serializers.Serializer[Event]):
    """An event as its canonical bytes have it."""

    id = serializers.UUIDField()
    recorded_at = serializers.DateTimeField()
    type = serializers.CharField()
    version = serializers.IntegerField()
    book = serializers.UUIDField(allow_null=True)
    subject = SubjectSerializer()
    actor = EventActorSerializer()
    request_id = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # a field of that name, not the serializer's property
    changes = serializers.DictField(child=ChangeSerializer())
    personal = SealedSerializer(many=True, required=False)

    def to_representation(self, instance: Event) -> dict[str, Any]:
        """The content of the bytes that are hashed, so that what is shown is what is proven."""
        shown: dict[str, Any] = json.loads(bytes(instance.body))
        return {str(name): shown[str(name)] for name in self.fields if str(name) in shown}
