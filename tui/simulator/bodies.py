"""Bodies of requests, read with Django REST framework's three parsers: JSON, form, multipart."""

from __future__ import annotations

import codecs
import json
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from tui.simulator.objects import Json, Refusal

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
PARSED: Final = ("application/json", FORM, MULTIPART)
_MOST_FIELDS: Final = 1000


def read_fields(request: Request, body: bytes) -> Json:
    """The body as an object, or the framework's complaint about it."""
    if not body:
        return {}
    told = request.headers.get("content-type", "")
    kind = told.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json(body, _charset(told))
    if kind == FORM:
        return _form(body, _charset(told))
    if kind == MULTIPART:
        return _multipart(body, told)
    raise Refusal(415, {"detail": f'Unsupported media type "{told}" in request.'})


def _charset(told: str) -> str:
    """The charset that a content type names, if there is one of that name; else UTF-8."""
    message = Message()
    message["content-type"] = told
    name = message.get_content_charset("utf-8")
    try:
        "".encode(name)
        codecs.lookup(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    return name


def _json(body: bytes, charset: str) -> Json:
    try:
        text = codecs.getreader(charset)(BytesIO(body)).read()
        fields = json.loads(text, parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from None
    if not isinstance(fields, dict):
        kind = type(fields).__name__
        message = f"Invalid data. Expected a dictionary, but got {kind}."
        raise Refusal(400, {"non_field_errors": [message]})
    return fields


def _form(body: bytes, charset: str) -> Json:
    """Of a field that comes twice the last one counts."""
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            encoding=charset,
            errors="replace",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise Refusal(400, {"detail": "Too many fields."}) from None
    return dict(pairs)


def _multipart(body: bytes, told: str) -> Json:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + told.encode("latin-1") + b"\r\n\r\n" + body
    )
    boundary = message.get_boundary()
    if not boundary:
        words = f"Invalid boundary in multipart: {boundary}"
        raise Refusal(400, {"detail": f"Multipart form parse error - {words}"})
    fields: Json = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name is None or not isinstance(content, bytes):
            continue
        # A file is no text: a field of ours refuses it as it would a list.
        fields[str(name)] = (
            [] if part.get_filename() is not None else content.decode("utf-8", "replace")
        )
    return fields


def _no_such_number(name: str) -> None:
    raise ValueError(f"Out of range float values are not JSON compliant: '{name}'")
