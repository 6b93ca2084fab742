"""Why a token is not accepted."""


class TokenRefused(Exception):
    """The root of it; the message is one sentence that says nothing about anybody."""


class TokenInvalid(TokenRefused):
    """Not a token of ours for this use: malformed, forged, of an unknown key, of another kind, or not valid yet."""

    def __init__(self) -> None:
        super().__init__("The token is not valid.")


class TokenExpired(TokenRefused):
    """A token of ours whose time is over."""

    def __init__(self) -> None:
        super().__init__("The token has expired.")


class TokenEnded(TokenRefused):
    """A token of a sign-in that was ended, or whose user may not sign in any more."""

    def __init__(self) -> None:
        super().__init__("The sign-in that the token belongs to has ended.")


class TokenReused(TokenRefused):
    """A refresh token that was used before; the whole family has been ended."""

    def __init__(self) -> None:
        super().__init__("The refresh token was used before; the sign-in that it belongs to has been ended.")
