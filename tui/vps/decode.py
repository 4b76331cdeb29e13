"""From bytes to models: item by item, so that one bad item is counted and never fatal."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard, TypeVar

import msgspec

from tui.vps.errors import BadResponse
from tui.vps.models import Account, Key, Restoring, Server, Snapshot
from tui.vps.sanitize import clean
from tui.vps.wire import Page, Scalar, ServerRef, WireIds, WireServer, WireSnapshot

T = TypeVar("T")
DESCRIPTION_LENGTH: Final = 1_000

_PAGE: Final = msgspec.json.Decoder(Page)
_BARE: Final = msgspec.json.Decoder(list[msgspec.Raw])
_SNAPSHOT: Final = msgspec.json.Decoder(WireSnapshot)
_SERVER: Final = msgspec.json.Decoder(WireServer)
_IDS: Final = msgspec.json.Decoder(WireIds)
_ANY: Final = msgspec.json.Decoder()
_ID: Final = re.compile(r"[!-~]{1,100}")


class BadItem(ValueError):
    """One item of a list cannot be read; the message says why, cleaned."""


def read_json(body: bytes) -> Any:
    """Any JSON value, or BadResponse."""
    try:
        return _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadResponse("the answer could not be read: it is not JSON") from error


_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_page(body: bytes) -> Page:
    """A page of a list in any of its three shapes, with its items still unread."""
    try:
        try:
            return _page(body)
        except msgspec.MsgspecError:
            if not _SURROGATE_ESCAPE.search(body):
                raise
            return _page(_without_surrogates(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadResponse("the answer could not be read: it is not a list") from error


def _page(body: bytes) -> Page:
    if body.lstrip()[:1] == b"[":
        return Page(results=_BARE.decode(body))
    return _PAGE.decode(body)


def _without_surrogates(body: bytes) -> bytes:
    """The same JSON with half surrogate pairs spelt out: they are no text, and msgspec says so."""
    text = json.dumps(json.loads(body), ensure_ascii=False)
    return _SURROGATE.sub(lambda found: f"<{ord(found[0]):04X}>", text).encode()


def read_items(
    page: Page, read: Callable[[bytes | msgspec.Raw], T], what: str, start: int
) -> tuple[list[T], list[str], list[Key]]:
    """The readable items of a page, a sentence about each of the others, and the ids of those.

    `start` is the number of items on the pages before, for counting in the sentences.
    """
    items: list[T] = []
    problems: list[str] = []
    unread: list[Key] = []
    for number, raw in enumerate(page.results, start + 1):
        try:
            items.append(read(raw))
        except BadItem as error:
            problems.append(f"{what} {number} of the list: {error}")
            with contextlib.suppress(BadItem):
                ids = _strict(_IDS, raw)
                unread.append(_key(ids.id, ids.uuid))
    return items, problems, unread


def read_snapshot(raw: bytes | msgspec.Raw) -> Snapshot:
    """One snapshot, or BadItem."""
    wire = _strict(_SNAPSHOT, raw)
    server_id, server_name = _server_of(wire)
    return Snapshot(
        id=_key(wire.id, wire.uuid),
        server_id=server_id,
        server_name=sys.intern(clean(server_name or str(server_id))),
        name=clean(wire.name or wire.label or "") or "(no name)",
        status=sys.intern(clean(wire.status or "unknown", 40)),
        size_mb=_whole(wire.size_mb),
        created_at=_datetime(wire.created_at),
        description=clean(wire.description or "", DESCRIPTION_LENGTH),
    )


def read_server(raw: bytes | msgspec.Raw) -> Server:
    """One server, or BadItem."""
    wire = _strict(_SERVER, raw)
    key = _key(wire.id, wire.uuid)
    name = clean(wire.name or wire.hostname or str(key))
    return Server(
        id=key,
        name=name,
        hostname=clean(wire.hostname or ""),
        status=sys.intern(clean(wire.status or "", 40)),
        address=_address(wire),
        location=_text(wire.location, "name") or _text(wire.location_name),
        plan=_plan(wire),
        os=_text(wire.os, "name") or _text(wire.os_name),
        created_at=_datetime(wire.created_at),
    )


def read_restoring(body: bytes) -> Restoring:
    """The answer to a restore; anything readable will do, for the status code said yes."""
    answer = read_json(body)
    if not isinstance(answer, dict):
        raise BadResponse("the answer could not be read: it is not an object")
    server = answer.get("server")
    server = server if isinstance(server, dict) else {}
    key = server.get("id", server.get("uuid"))
    return Restoring(
        server_id=key if _is_key(key) else None,
        server_status=_text(server.get("status")),
        message=clean(_text(answer.get("message")), DESCRIPTION_LENGTH),
    )


def read_account(body: bytes) -> Account:
    """The account and its token's permissions; empty where the answer has other shapes."""
    answer = read_json(body)
    answer = answer if isinstance(answer, dict) else {}
    account, token = answer.get("account"), answer.get("token")
    account = account if isinstance(account, dict) else {}
    token = token if isinstance(token, dict) else {}
    permissions = token.get("permissions")
    names = (_text(account.get("first_name")), _text(account.get("last_name")))
    return Account(
        email=_text(account.get("email")),
        name=" ".join(filter(None, names)),
        company=_text(account.get("company_name")),
        token_name=_text(token.get("name")),
        permissions=tuple(_text(p) for p in permissions) if isinstance(permissions, list) else (),
    )


def error_messages(body: bytes) -> dict[str, str]:
    """The provider's words in an error body, by request field; about the whole: under "".

    Takes every shape that Django REST framework gives: ``{"detail"}``, ``{"field": [..]}``,
    ``{"non_field_errors"}``, a bare list. HTML gives nothing.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(answer, dict):
        return {"": _flat(answer)} if answer else {}
    found: dict[str, str] = {}
    for field, value in list(answer.items())[:20]:
        name = (
            "" if field in ("detail", "non_field_errors", "error", "message") else clean(field, 40)
        )
        text = _flat(value)
        if text:
            found[name] = f"{found[name]} {text}" if name in found else text
    return found


def _flat(value: object, depth: int = 0) -> str:
    if isinstance(value, dict) and depth < 4:
        value = list(value.values())
    if isinstance(value, list) and depth < 4:
        return clean(" ".join(filter(None, (_flat(v, depth + 1) for v in value[:10]))), 400)
    return "" if value is None or isinstance(value, dict | list) else clean(str(value), 400)


def _strict(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadItem(clean(str(error), 120)) from error


def _key(*candidates: Scalar) -> Key:
    """The first id there is. It is shown and sent back as it came, so no control may be in it."""
    for key in candidates:
        if key is None or key == "":
            continue
        if _is_key(key):
            return key
        raise BadItem("its id is none: too long, or with signs that no id has")
    raise BadItem("it has no id")


def _is_key(value: object) -> TypeGuard[Key]:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return isinstance(value, int) and abs(value) < 2**63


def _server_of(wire: WireSnapshot) -> tuple[Key, str]:
    server = wire.server
    name = wire.server_name or wire.server_hostname or ""
    if isinstance(server, ServerRef):
        key = _key(server.id, server.uuid, wire.server_id, wire.server_uuid)
        return key, server.name or server.hostname or name
    try:
        return _key(server, wire.server_id, wire.server_uuid), name
    except BadItem:
        raise BadItem("it belongs to no server") from None


def _whole(number: float | None) -> int | None:
    if number is None or (isinstance(number, float) and not math.isfinite(number)):
        return None
    return int(number)


def _datetime(text: str | None) -> datetime | None:
    """A moment in UTC; without a zone it is taken as UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None  # year 1 west of Greenwich
    except ValueError:
        raise BadItem(f"created_at is not a date: {clean(text, 40)}") from None


def _text(value: object, *names: str) -> str:
    """A scalar as clean text, or of an object the first of `names` that it has."""
    if isinstance(value, dict):
        return next((_text(value[name]) for name in names if value.get(name)), "")
    if isinstance(value, str | int | float):
        return sys.intern(clean(str(value)))
    return ""


def _address(wire: WireServer) -> str:
    """The first address in any of the shapes, an IPv4 one before an IPv6 one."""
    for value in (
        wire.ip_address,
        wire.ipv4,
        wire.ipv4_addresses,
        wire.ip_addresses,
        wire.ipv6_addresses,
    ):
        first = value[0] if isinstance(value, list) and value else value
        text = _text(first, "ip", "address", "ip_address")
        if text:
            return text
    return ""


def _plan(wire: WireServer) -> str:
    """Name and sizes in one unit: published memory is in MB, the clients' in `ram_unit`."""
    plan = wire.plan if isinstance(wire.plan, dict) else {}
    name = _text(wire.plan_name) or _text(wire.plan, "name")
    cpus = _text(plan.get("vcpus")) or _text(wire.cpu)
    memory, unit = plan.get("memory"), "MB"
    if memory is None:
        memory, unit = wire.ram, _text(wire.ram_unit) or "MB"
    disk = _text(plan.get("storage")) or _text(wire.disk_space)
    parts = [name, f"{cpus} vCPU" if cpus else "", _memory(memory, unit)]
    parts.append(f"{disk} GB" if disk else "")
    return sys.intern(" · ".join(filter(None, parts)))


def _memory(amount: object, unit: str) -> str:
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return _text(amount)
    if unit.upper().startswith("MB") and amount >= 1024:
        return f"{amount / 1024:g} GB"
    return f"{amount:g} {unit.upper()[:2]}"
