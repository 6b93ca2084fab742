"""What the routes of tokens take and answer."""

from typing import Any

from rest_framework import serializers

from qenex.access.tokens.claims import MAX_LENGTH
from qenex.kernel.fields import StrictSerializer, TextField


class TokenInSerializer(StrictSerializer):
    """A person's sign-in."""

    username = TextField(max_length=150)
    password = TextField(max_length=1_024, trim_whitespace=False)
    otp = TextField(
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="The present code of the authenticator app, or an unused recovery code.",
    )


class RefreshInSerializer(StrictSerializer):
    """A refresh token."""

    refresh = TextField(max_length=MAX_LENGTH)


class RevokeInSerializer(StrictSerializer):
    """A refresh token; without one the sign-in of the access token in the header is meant."""

    refresh = TextField(max_length=MAX_LENGTH, required=False)


class TokensSerializer(serializers.Serializer[Any]):
    """New tokens."""

    access = serializers.CharField(help_text="For `Authorization: Bearer`.")
    refresh = serializers.CharField(help_text="To be exchanged once for the next tokens.")
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class JwkSerializer(serializers.Serializer[Any]):
    """A public key (RFC 7517, RFC 8037)."""

    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    y = serializers.CharField(required=False)
    alg = serializers.CharField()
    kid = serializers.CharField()
    use = serializers.CharField()


class JwksSerializer(serializers.Serializer[Any]):
    """Every key that a token of ours may name: the next one, the present one, and those that signed lately."""

    keys = JwkSerializer(many=True)
