"""The signature base (RFC 9421, section 2.5): the bytes that are signed."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from qenex.access.signature import fieldtext
from qenex.access.signature.errors import SignatureMalformed
from qenex.access.signature.fields import InnerList, Item, parse_dictionary, parse_item, parse_list
from qenex.access.signature.message import Message

_STRUCTURED: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(
        (
            *("content-digest", "repr-digest", "want-content-digest", "want-repr-digest"),
            *("signature", "signature-input", "priority", "cache-control"),
        ),
        lambda text: fieldtext.dictionary(parse_dictionary(text)),
    ),
    **dict.fromkeys(("accept-ch", "cache-status", "proxy-status"), lambda text: fieldtext.items(parse_list(text))),
    "idempotency-key": lambda text: fieldtext.member(parse_item(text)),
}
"""How to write a field again whose type is known, as `sf` asks."""


@lru_cache(maxsize=1_024)
def component(text: str) -> Item:
    """A component by its identifier: a plain name such as @method, or quoted as in `"@query-param";name="a"`.

    Raises SignatureMalformed.
    """
    return parse_item(text) if text.startswith('"') else Item(text, {})


def signature_base(message: Message, items: Sequence[Item], parameters: str) -> bytes:
    """The lines of the covered components and that of the parameters, which are the list and what follows as text.

    Raises SignatureMalformed.
    """
    names = [_name(each) for each in items]
    if len(set(names)) != len(names):
        raise SignatureMalformed("a component is covered twice")
    lines = [f"{name}: {_value(message, each)}" for name, each in zip(names, items, strict=True)]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")


def _name(item: Item) -> str:
    return _quoted(item.value) if type(item.value) is str and not item.parameters else fieldtext.member(item)


_quoted = lru_cache(maxsize=1_024)(fieldtext.string)


def _value(message: Message, item: Item) -> str:
    """Raises SignatureMalformed where the message has no such component, or it is not served."""
    name, parameters = item
    if type(name) is not str or name != name.lower():
        raise SignatureMalformed("a component is named by a quoted string in lower case")
    value = None
    if not parameters and message.status is None and name != "@status":
        value = message.derived(name) if name.startswith("@") else message.field(name)
    elif _belongs(message, name, parameters.get("req", False)):
        rest = {key: value for key, value in parameters.items() if key != "req"}
        value = _derived(message, name, rest) if name.startswith("@") else _field(message, name, rest)
    if value is None:
        raise SignatureMalformed(f"the message has no {fieldtext.member(item)}")
    return value


def _belongs(message: Message, name: str, req: object) -> bool:
    """Whether the component is the message's own; a response may name what is derived of its request, with `req`."""
    of_request = name.startswith("@") and name != "@status" and message.status is not None
    return req is of_request


def _derived(message: Message, name: str, parameters: Mapping[str, object]) -> str | None:
    if name == "@query-param":
        wanted = parameters.get("name")
        return message.query_parameter(wanted) if type(wanted) is str and len(parameters) == 1 else None
    return None if parameters else message.derived(name)


def _field(message: Message, name: str, parameters: Mapping[str, object]) -> str | None:
    """A field's value in one of the four ways to write it."""
    text = message.field(name)
    if text is None or not parameters:
        return text
    if parameters == {"sf": True}:
        return _STRUCTURED[name](text) if name in _STRUCTURED else None
    if parameters == {"bs": True}:
        return fieldtext.items([Item(value.encode(), {}) for value in message.raw(name)])
    key = parameters.get("key")
    if type(key) is not str or len(parameters) > 1 + ("sf" in parameters):
        return None
    member = parse_dictionary(text).get(key)
    return None if member is None else fieldtext.member(member)


def components(covered: InnerList) -> Sequence[str]:
    """The covered components as `component` takes them."""
    return [
        each.value if type(each.value) is str and not each.parameters else fieldtext.member(each)
        for each in covered.items
    ]
