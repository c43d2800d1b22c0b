"""Endpoints of an OpenAPI document, as a person reads them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any
from urllib.parse import quote as in_path
from urllib.parse import urlencode

METHODS = ("get", "post", "put", "patch", "delete")
AUTHORIZATION = '-H "Authorization: Bearer $MEDIABASE_TOKEN" '
LIMITS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "up to {}", "exclusiveMaximum": "below {}"}

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an endpoint."""

    name: str
    place: str
    """query, path, header or cookie."""
    type: str
    is_required: bool
    default: str
    description: str


@dataclass(frozen=True)
class Answer:
    """An answer of an endpoint."""

    status: str
    content: str
    """Media types."""
    description: str


@dataclass(frozen=True)
class Endpoint:
    """A method of a path."""

    method: str
    path: str
    anchor: str
    """Its name within the page."""
    paragraphs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    answers: tuple[Answer, ...]
    example: str
    """A line for the shell."""


def endpoints(document: Object, address: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a document in its order; examples ask the server at `address`."""
    return tuple(
        _endpoint(document, address, method, path, item[method], item.get("parameters", []))
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    )


def _endpoint(
    document: Object, address: str, method: str, path: str, operation: Object, shared: Iterable[Object]
) -> Endpoint:
    found = [_resolved(document, each) for each in (*shared, *operation.get("parameters", []))]
    text = operation.get("description") or operation.get("summary", "")
    return Endpoint(
        method=method.upper(),
        path=path,
        anchor=re.sub(r"[^a-z0-9]+", "-", f"{method}{path}".lower()).strip("-"),
        paragraphs=tuple(_prose(each) for each in text.split("\n\n")),
        parameters=tuple(_parameter(document, each) for each in found),
        answers=tuple(
            _answer(status, _resolved(document, each))
            for status, each in sorted(operation.get("responses", {}).items())
        ),
        example=_example(document, address, method, path, operation, found),
    )


def _parameter(document: Object, parameter: Object) -> Parameter:
    schema = parameter.get("schema", {})
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        type=type_name(document, schema),
        is_required=parameter.get("required", False),
        default=_default(_resolved(document, schema).get("default")),
        description=_prose(parameter.get("description") or schema.get("description", "")),
    )


def _default(value: object) -> str:
    if value in (None, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def type_name(document: Object, schema: Object) -> str:
    """Return the type that a schema asks for in words, with its limits."""
    schema = _resolved(document, schema)
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if choices := [each for each in schema.get("anyOf", []) if each.get("type") != "null"]:
        return " or ".join(dict.fromkeys(type_name(document, each) for each in choices))
    if schema.get("type") == "array":
        return "list of " + type_name(document, schema.get("items", {}))
    limits = [text.format(schema[name]) for name, text in LIMITS.items() if name in schema]
    return " ".join([str(schema.get("type", "any")), *limits])


def _prose(text: str) -> str:
    """Return a description without its line breaks and its marks of code."""
    return " ".join(text.replace("`", "").split())


def _answer(status: str, response: Object) -> Answer:
    return Answer(status, ", ".join(response.get("content", {})), _prose(response.get("description", "")))


def _example(
    document: Object, address: str, method: str, path: str, operation: Object, parameters: Iterable[Object]
) -> str:
    """Return a request that works where the document has an example of every value that has to be there."""
    asked = {}
    for each in parameters:
        value = _example_value(document, each)
        if each["in"] == "path" and value is not None:
            path = path.replace(f"{{{each['name']}}}", in_path(str(value), safe=""))
        elif each["in"] == "query" and value is not None:
            asked[each["name"]] = value
    query = f"?{urlencode(asked, doseq=True, safe=',')}" if asked else ""
    verb = "" if method == "get" else f"-X {method.upper()} "
    token = AUTHORIZATION if any(operation.get("security", document.get("security", []))) else ""
    return f"curl {verb}{token}{quote(address + path + query)}"


def _example_value(document: Object, parameter: Object) -> Any:
    """Return the first example of a parameter, in whichever of the places that OpenAPI has for them."""
    schema = _resolved(document, parameter.get("schema", {}))
    named = [_resolved(document, each).get("value") for each in parameter.get("examples", {}).values()]
    found = [parameter.get("example"), *named, *schema.get("examples", []), schema.get("example")]
    return next((each for each in found if each is not None), None)


def _resolved(document: Object, found: Object) -> Object:
    """Return what a reference within the document refers to, or the object itself."""
    while reference := found.get("$ref"):
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
    return found
