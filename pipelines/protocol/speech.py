"""What the models found wrong, in words for an evaluator. What may stand where belongs in the models."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from pipelines.protocol.designs import Design
from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.models import Protocol
from pipelines.protocol.tree import Place, Tree

WORDS: dict[str, str] = {
    "string_type": "this should be text.",
    "string_too_short": "nothing is written here.",
    "string_too_long": "this is too long.",
    "string_pattern_mismatch": "a key is lower case letters, digits, - and _, and starts with a letter.",
    "bool_parsing": "this should be true or false.",
    "bool_type": "this should be true or false.",
    "int_parsing": "this should be a whole number.",
    "int_type": "this should be a whole number.",
    "int_from_float": "this should be a whole number.",
    "float_parsing": "this should be a number.",
    "float_type": "this should be a number.",
    "finite_number": "this should be an ordinary number.",
    "model_type": "this should be a mapping of keys to values.",
    "dict_type": "this should be a mapping of keys to values.",
    "tuple_type": "this should be a list.",
    "too_short": "nothing is listed here.",
}
REMEDIES: dict[str, str] = {
    "tuple_type": "Write [one, two], or one item per line after a hyphen.",
    "float_parsing": "A share of 5% is written 0.05; a thousand is written 1000.",
    "int_parsing": "Write it in digits.",
    "model_type": "Put its keys below it, indented.",
    "dict_type": "Put its keys below it, indented.",
}
BOUNDS: dict[str, tuple[str, str]] = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

KINDS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(Design)[0])
}
"""The model of each kind of design."""


def fault_of(tree: Tree, detail: Any) -> Fault:
    """Turn one of pydantic's errors into a fault with its line."""
    place: Place = tuple(step for step in detail["loc"] if step != "[key]")
    problem, remedy = _said(place, detail)
    written = _as_written(place, detail["type"])
    return Fault(tree.line(written), ".".join(map(str, written)), problem, remedy)


def _as_written(place: Place, kind: str) -> Place:
    """Return a place as it stands in the file: pydantic names the kind of a design as if it were a key."""
    if kind.startswith("union_tag"):
        return (*place, "kind")
    return (place[0], *place[2:]) if _design_at(place) else place


def _design_at(place: Place) -> type[BaseModel] | None:
    """Return the model of the kind of design that a place lies in, if it does."""
    return KINDS.get(str(place[1])) if place[:1] == ("design",) and len(place) > 1 else None


def _said(place: Place, detail: Any) -> tuple[str, str]:
    """Return what is wrong and what would be right."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "this key is not known here.", did_you_mean(str(place[-1]), _keys_at(place[:-1]))
    if kind == "missing":
        return f'the key "{place[-1]}" is missing.', _meaning(place)
    if kind == "literal_error":
        return "this value is not known here.", did_you_mean(str(detail["input"]), _literals(context["expected"]))
    if kind == "union_tag_invalid":
        return "this kind of design is not known.", did_you_mean(context["tag"], KINDS)
    if kind == "union_tag_not_found":
        return "the kind of the design is missing.", f"Allowed: {', '.join(KINDS)}."
    if kind in BOUNDS:
        return _bound(kind, context, detail["input"])
    if kind == "value_error":
        return f"{context['error']}.", ""
    if detail["input"] is None:
        return "nothing is written here.", _meaning(place)
    return WORDS.get(kind, f"{detail['msg']}.".replace("Input should be", "this should be")), REMEDIES.get(kind, "")


def _literals(expected: str) -> list[str]:
    """Return the words of pydantic's "'a', 'b' or 'c'"."""
    return [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]


def _bound(kind: str, context: dict[str, Any], given: object) -> tuple[str, str]:
    name, words = BOUNDS[kind]
    limit = context[name]
    percent = kind.startswith("less") and limit == 1
    return f"this should be {words} {limit:g}.", "A share of 95% is written 0.95." if percent else ""


def _model_at(place: Place) -> type[BaseModel] | None:
    """Return the model that describes a place; the keys of mappings and the numbers of lists are stepped over."""
    model: Any = _design_at(place) or Protocol
    steps = list(place[2:] if _design_at(place) else place)
    while steps:
        field = model.model_fields.get(str(steps.pop(0)))
        model = _inner(field.annotation) if field else None
        if model is None:
            return None
        if steps and not _is_model(field.annotation):
            steps.pop(0)
    return model


def _is_model(annotation: Any) -> bool:
    """Tell a part (`concept`) and an optional part (`arms`) from a mapping or a list of parts (`sites`)."""
    if getattr(annotation, "__origin__", None) in (dict, tuple):
        return False
    arguments = getattr(annotation, "__args__", (annotation,))
    return any(isinstance(argument, type) and issubclass(argument, BaseModel) for argument in arguments)


def _inner(annotation: Any) -> Any:
    """Return the model inside dict[...], tuple[...], Annotated[...] or `X | None`, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_inner(argument) for argument in getattr(annotation, "__args__", ())]
    return next((model for model in found if model is not None), None)


def _keys_at(place: Place) -> list[str]:
    model = _model_at(place)
    return list(model.model_fields) if model else []


def _meaning(place: Place) -> str:
    model = _model_at(place[:-1])
    field = model.model_fields.get(str(place[-1])) if model else None
    return f"It says: {' '.join(field.description.split())}" if field and field.description else ""
