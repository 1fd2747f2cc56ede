"""A command line for an operation, ready to be pasted into a shell."""

import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from retrospec.apidocs.prose import json_text

Json = Mapping[str, Any]


def curl(address: str, method: str, path: str, operation: Json, security: Json) -> str:
    """The command, over several lines.

    Keys stand as variables of the shell (`$RETROSPEC_KEY`), so that none is ever pasted into a history.

    Args:
        address: Where the server is.
        method: In capitals.
        path: In OpenAPI's notation.
        operation: The operation object.
        security: The document's security schemes.
    """
    url = shlex.quote(f"{address}{_filled(path, operation)}{_query(operation)}")
    parts = [f"curl {url}" if method == "GET" else f"curl -X {method} {url}"]
    if operation["security"]:
        scheme = security[next(iter(operation["security"][0]))]
        variable = scheme["name"].removeprefix("X-").replace("-", "_").upper()
        parts.append(f'-H "{scheme["name"]}: ${variable}"')
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"-H {shlex.quote(f'Content-Type: {media_type}')}")
        parts.append(f"-d {shlex.quote(json_text(content['example']))}")
    return " \\\n  ".join(parts)


def _filled(path: str, operation: Json) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
    return path


def _query(operation: Json) -> str:
    needed = {
        parameter["name"]: parameter["example"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter["required"]
    }
    return f"?{urlencode(needed)}" if needed else ""
