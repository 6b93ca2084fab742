"""How requests for approval are shown."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from qenex.access.models import Approval, ApprovalStatus


class ApprovalPersonSerializer(serializers.Serializer[Any]):
    """Who asked or decided."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="username")


class DifferenceLineSerializer(serializers.Serializer[Any]):
    """Something before and after."""

    what = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class DifferenceFactSerializer(serializers.Serializer[Any]):
    """Something else that is worth knowing."""

    name = serializers.CharField()
    value = serializers.CharField()


class DifferenceSerializer(serializers.Serializer[Any]):
    """What the command will do."""

    headline = serializers.CharField()
    changes = DifferenceLineSerializer(many=True)
    facts = DifferenceFactSerializer(many=True)


class ApprovalSerializer(serializers.Serializer[Approval]):
    """A request for approval."""

    id = serializers.UUIDField()
    command = serializers.CharField()
    status = serializers.ChoiceField(ApprovalStatus.choices)
    requester = ApprovalPersonSerializer()
    book = serializers.UUIDField(source="book_id", allow_null=True)
    reason = serializers.CharField()
    payload_hash = serializers.SerializerMethodField(help_text="SHA-256, in hexadecimal.")
    difference = serializers.SerializerMethodField(help_text="What it will do, as it stood when it was requested.")
    approver = ApprovalPersonSerializer(allow_null=True, help_text="Who approved or rejected it.")
    comment = serializers.CharField()
    result = serializers.CharField(help_text="The reference of what was done, such as the id of a transfer.")
    code = serializers.CharField(help_text="Why it failed: the code of a problem.")
    detail = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()

    def get_payload_hash(self, approval: Approval) -> str:
        """The hash in hexadecimal."""
        return bytes(approval.payload_hash).hex()

    @extend_schema_field(DifferenceSerializer)
    def get_difference(self, approval: Approval) -> dict[str, Any]:
        """The difference with named members."""
        return named(json.loads(bytes(approval.difference)))


class ApprovalDetailSerializer(ApprovalSerializer):
    """A request for approval with its payload, and what it would do now."""

    payload = serializers.SerializerMethodField(help_text="The command's arguments, exactly as they will be used.")
    difference_now = serializers.SerializerMethodField(help_text="The same as it stands now, while it is pending.")
    refusal_now = serializers.SerializerMethodField(help_text="What would refuse it now, while it is pending.")

    @extend_schema_field(serializers.DictField())
    def get_payload(self, approval: Approval) -> Any:
        """The stored payload."""
        return json.loads(bytes(approval.payload))

    @extend_schema_field(DifferenceSerializer(allow_null=True))
    def get_difference_now(self, approval: Approval) -> dict[str, Any] | None:
        """The present difference."""
        now = self.context["now"]
        return named(now.difference) if now is not None and now.difference is not None else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_refusal_now(self, approval: Approval) -> str | None:
        """The present refusal."""
        now = self.context["now"]
        return now.refusal if now is not None else None


def named(document: dict[str, Any]) -> dict[str, Any]:
    """A stored difference with named members."""
    return {
        "headline": document["headline"],
        "changes": [{"what": what, "before": before, "after": after} for what, before, after in document["changes"]],
        "facts": [{"name": name, "value": value} for name, value in document["facts"]],
    }
