"""From JSON to models: item by item, so that one bad item is counted and never fatal."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple, TypeVar

import msgspec

from tui.vps.errors import BadResponse
from tui.vps.fields import LARGEST, BadItem, Fields
from tui.vps.models import Account, Backup, Key, Restoring, Server, Snapshot
from tui.vps.parsing import MOST_BYTES, lenient, parse
from tui.vps.sanitize import DESCRIPTION_LENGTH, MAX_LENGTH
from tui.vps.token import Token
from tui.vps.wire import ServerRef, WireBackup, WireIds, WireOwner, WireServer, WireSnapshot

T = TypeVar("T")

_SNAPSHOT: Final = msgspec.json.Decoder(WireSnapshot)
_BACKUP: Final = msgspec.json.Decoder(WireBackup)
_SERVER: Final = msgspec.json.Decoder(WireServer)
_ANY: Final = msgspec.json.Decoder()
_IDS: Final = msgspec.json.Decoder(WireIds)
_OWNER: Final = msgspec.json.Decoder(WireOwner)
_MOST_ALIKE: Final = 1_000
"""Plans, places and systems that are kept as they were read."""
_ABOUT_ALL: Final = frozenset(("detail", "non_field_errors", "error", "message"))


class ErrorBody(NamedTuple):
    """The provider's words in an error, by request field; those about the whole are under "".

    `own`: it has the shape that the service itself gives to a 404, and not merely some gateway's.
    """

    messages: dict[str, str]
    own: bool = False


class Decoder:
    """Reads what one service says to those who have `token`.

    What a value is made of is ruled by `Fields`: every text is cleaned there, and loses the token.
    """

    def __init__(self, token: Token | None = None) -> None:
        fields = Fields(token)
        self._line, self._name, self._text = fields.line, fields.name, fields.text
        self._key, self._key_or_none, self._moment = fields.key, fields.key_or_none, fields.moment
        self._as_came: dict[Key, Key] = {}
        self._read: dict[bytes, object] = {}
        self._plans: dict[str, str] = {}

    def as_it_came(self, server_id: Key) -> Key:
        """The id of a server as its list spelt it."""
        return self._as_came.get(server_id, server_id)

    # -- items of lists --------------------------------------------------------------------

    def id_of(self, raw: msgspec.Raw) -> Key | None:
        """The id of an item that cannot be read, if that much of it can."""
        try:
            ids = self._strict(_IDS, raw)
            return self._key(ids.id, ids.uuid)
        except BadItem:
            return None

    def server_of(self, raw: msgspec.Raw) -> Key | None:
        """The server of an item that cannot be read, if that much of it can."""
        try:
            return self._server_of(self._strict(_OWNER, raw))[0]
        except BadItem:
            return None

    def snapshot(self, raw: bytes | msgspec.Raw) -> Snapshot:
        """One snapshot, or BadItem."""
        wire = self._strict(_SNAPSHOT, raw)
        server_id, server_name = self._server_of(wire)
        return Snapshot(
            id=self._key(wire.id, wire.uuid),
            server_id=server_id,
            server_name=sys.intern(self._name(server_name or str(server_id))),
            name=self._name(wire.name or wire.label or "") or "(no name)",
            status=sys.intern(self._line(wire.status or "unknown", 40)),
            size_mb=_whole(wire.size_mb),
            created_at=self._moment(wire.created_at),
            description=self._line(wire.description or "", DESCRIPTION_LENGTH),
        )

    def backup(self, raw: bytes | msgspec.Raw) -> Backup:
        """One backup, or BadItem."""
        wire = self._strict(_BACKUP, raw)
        return Backup(
            id=self._key(wire.id, wire.uuid),
            server_id=self._server_of(wire)[0],
            kind=self._line(wire.backup_type or "", 40),
            status=self._line(wire.status or "unknown", 40),
            created_at=self._moment(wire.created_at),
        )

    def server(self, raw: bytes | msgspec.Raw) -> Server:
        """One server, or BadItem."""
        wire = self._strict(_SERVER, raw)
        key = self._key(wire.id, wire.uuid)
        if key not in (wire.id, wire.uuid):
            self._as_came[key] = str(key)
        return Server(
            id=key,
            name=self._name(wire.name or wire.hostname or str(key)),
            hostname=self._line(wire.hostname or ""),
            status=sys.intern(self._line(wire.status or "", 40)),
            address=self._address(wire),
            location=self._text(self._alike(wire.location), "name")
            or self._text(wire.location_name),
            plan=self._plan(wire),
            os=self._text(self._alike(wire.os), "name")
            or self._text(wire.os_name)
            or self._text(wire.operating_system_version, "name")
            or self._text(wire.operating_system, "name"),
            created_at=self._moment(wire.created_at),
        )

    # -- single objects --------------------------------------------------------------------

    def restoring(self, body: bytes) -> Restoring:
        """The answer to a restore, as far as it says anything; BadResponse where it is none."""
        answer = parse(body)
        if not isinstance(answer, dict):
            raise BadResponse("the answer could not be read: it is not an object")
        server = _object(answer.get("server"))
        snapshot = _object(answer.get("snapshot"))
        return Restoring(
            status=self._text(answer.get("status")),
            snapshot_id=self._key_or_none(snapshot.get("id", snapshot.get("uuid"))),
            server_id=self._key_or_none(server.get("id", server.get("uuid"))),
            server_status=self._text(server.get("status")),
            message=self._text(answer.get("message"), limit=DESCRIPTION_LENGTH),
        )

    def account(self, body: bytes) -> Account:
        """The account and its token's permissions; empty where the answer has other shapes."""
        answer = _object(parse(body))
        account, token = _object(answer.get("account")), _object(answer.get("token"))
        permissions = token.get("permissions")
        permissions = permissions[:100] if isinstance(permissions, list) else []
        names = (self._text(account.get("first_name")), self._text(account.get("last_name")))
        return Account(
            email=self._text(account.get("email")),
            name=" ".join(filter(None, names)),
            company=self._text(account.get("company_name")),
            token_name=self._text(token.get("name")),
            permissions=tuple(self._text(p) for p in permissions),
        )

    def error(self, body: bytes) -> ErrorBody:
        """The words in every shape that Django REST framework gives; of HTML none.

        They are ``{"detail"}``, ``{"field": [..]}``, ``{"non_field_errors"}``, a bare list.
        """
        try:
            answer = parse(body)
        except BadResponse:
            return ErrorBody({})
        if not isinstance(answer, dict):
            words = self._flat(answer)
            return ErrorBody({"": words} if words else {})
        found: dict[str, str] = {}
        for field, value in list(answer.items())[:20]:
            name = "" if field in _ABOUT_ALL else self._line(field, 40)
            words = self._flat(value)
            if words:
                found[name] = f"{found[name]} {words}" if name in found else words
        own = isinstance(answer.get("detail", answer.get("error")), str)
        return ErrorBody(found, own and ("detail" in answer or len(answer) == 1))

    def _flat(self, value: object, depth: int = 0) -> str:
        if isinstance(value, dict) and depth < 4:
            value = list(value.values())
        if isinstance(value, list) and depth < 4:
            flat = (self._flat(v, depth + 1) for v in value[:10])
            return self._line(" ".join(filter(None, flat)), 400)
        return self._text(value, limit=400)

    # -- fields ----------------------------------------------------------------------------

    def _strict(self, decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
        if len(raw) > MOST_BYTES:
            raise BadItem(f"it is larger than {MOST_BYTES >> 20} MB")
        try:
            return lenient(decoder, raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise BadItem(self._line(str(error), 120)) from error

    def _server_of(self, wire: WireOwner) -> tuple[Key, str]:
        server = wire.server
        name = wire.server_name or wire.server_hostname or ""
        if isinstance(server, ServerRef):
            key = self._key(server.id, server.uuid, wire.server_id, wire.server_uuid)
            return key, server.name or server.hostname or name
        try:
            return self._key(server, wire.server_id, wire.server_uuid), name
        except BadItem:
            raise BadItem("it has no server") from None

    def _address(self, wire: WireServer) -> str:
        """The first address in any of the shapes, an IPv4 one before an IPv6 one."""
        for value in (
            wire.ip_address,
            wire.ipv4,
            wire.ipv4_addresses,
            wire.ip_addresses,
            wire.ipv6_addresses,
        ):
            first = value[0] if isinstance(value, list) and value else value
            text = self._text(first, "ip", "address", "ip_address")
            if text:
                return text
        return ""

    def _alike(self, raw: msgspec.Raw) -> object:
        """What many items have with the same bytes, read once. It is not to be changed."""
        if not raw:
            return None
        key = bytes(raw)
        if key in self._read:
            return self._read[key]
        value = self._strict(_ANY, raw)
        if len(self._read) < _MOST_ALIKE and len(key) < MAX_LENGTH:
            self._read[key] = value
        return value

    def _plan(self, wire: WireServer) -> str:
        """The words for a plan, made once for all servers that have it."""
        sizes = (wire.plan_name, wire.cpu, wire.ram, wire.ram_unit, wire.disk_space)
        key = repr((bytes(wire.plan), sizes))
        if key not in self._plans:
            if len(self._plans) >= _MOST_ALIKE or len(key) > DESCRIPTION_LENGTH:
                return self._new_plan(wire)
            self._plans[key] = self._new_plan(wire)
        return self._plans[key]

    def _new_plan(self, wire: WireServer) -> str:
        """Name and sizes in one unit: published memory is in MB, the clients' in `ram_unit`."""
        value = self._alike(wire.plan)
        plan = _object(value)
        name = self._text(wire.plan_name) or self._text(value, "name")
        cpus = self._text(plan, "vcpus", "cpu") or self._text(wire.cpu)
        memory, unit = plan.get("memory"), "MB"
        if memory is None and "ram" in plan:
            memory, unit = plan["ram"], self._text(plan.get("ram_unit")) or "MB"
        elif memory is None:
            memory, unit = wire.ram, self._text(wire.ram_unit) or "MB"
        disk = self._text(plan, "storage", "disk_space") or self._text(wire.disk_space)
        parts = [name, f"{cpus} vCPU" if cpus else "", self._memory(memory, unit)]
        parts.append(f"{disk} GB" if disk else "")
        return sys.intern(" · ".join(filter(None, parts)))

    def _memory(self, amount: object, unit: str) -> str:
        if not isinstance(amount, int | float) or isinstance(amount, bool):
            return self._text(amount)
        if abs(amount) >= LARGEST:
            return ""
        if unit.upper().startswith("MB") and amount >= 1024:
            return f"{amount / 1024:g} GB"
        return f"{amount:g} {unit.upper()[:2]}"


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and abs(number) < LARGEST else None
