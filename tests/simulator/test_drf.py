"""The simulator beside a real Django REST framework service: the same no, word for word."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import django  # type: ignore[import-untyped]
import httpx
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from starlette.requests import Request

from tests.helpers.simulators import TOKEN, demo
from tui.simulator.bodies import read_fields
from tui.simulator.fields import Wanted, read_create
from tui.simulator.negotiation import negotiate
from tui.simulator.objects import Refusal
from tui.simulator.rate import Rate

URLS = ModuleType("oracle_urls")
sys.modules["oracle_urls"] = URLS
settings.configure(
    SECRET_KEY="none",
    ROOT_URLCONF="oracle_urls",
    ALLOWED_HOSTS=["*"],
    APPEND_SLASH=True,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.cache import cache  # type: ignore[import-untyped] # noqa: E402
from django.http import Http404, QueryDict  # type: ignore[import-untyped] # noqa: E402
from django.urls import path  # type: ignore[import-untyped] # noqa: E402
from rest_framework import exceptions, serializers  # type: ignore[import-untyped] # noqa: E402
from rest_framework.authentication import TokenAuthentication  # type: ignore[import-untyped] # noqa: E402
from rest_framework.negotiation import DefaultContentNegotiation  # type: ignore[import-untyped] # noqa: E402
from rest_framework.pagination import PageNumberPagination  # type: ignore[import-untyped] # noqa: E402
from rest_framework.permissions import BasePermission  # type: ignore[import-untyped] # noqa: E402
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer  # type: ignore[import-untyped] # noqa: E402
from rest_framework.response import Response  # type: ignore[import-untyped] # noqa: E402
from rest_framework.test import APIClient, APIRequestFactory  # type: ignore[import-untyped] # noqa: E402
from rest_framework.throttling import SimpleRateThrottle  # type: ignore[import-untyped] # noqa: E402
from rest_framework.views import APIView  # type: ignore[import-untyped] # noqa: E402

READER = "vps_reader"


class Page(BrowsableAPIRenderer):  # type: ignore[misc]
    """The default one needs templates and sessions; which page it is does not matter here."""

    def render(self, data: Any, media: Any = None, context: Any = None) -> str:
        return "<p>a page</p>" if data is not None else ""


class Account:
    is_authenticated = True
    pk = 1


class Bearer(TokenAuthentication):  # type: ignore[misc]
    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> Any:
        if key not in (TOKEN, READER):
            raise exceptions.AuthenticationFailed("Invalid token.")
        return Account(), key


class Permitted(BasePermission):  # type: ignore[misc]
    def has_permission(self, request: Any, view: Any) -> bool:
        if request.auth is None:
            return False
        return request.auth == TOKEN or request.method in ("GET", "HEAD", "OPTIONS")


class PerToken(SimpleRateThrottle):  # type: ignore[misc]
    rate = "1000/min"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return str(request.auth)


class NewSnapshot(serializers.Serializer):  # type: ignore[misc]
    server_id = serializers.IntegerField()
    name = serializers.SlugField(max_length=255)
    description = serializers.CharField(required=False, allow_blank=True)


class NewByUuid(NewSnapshot):
    server_id = serializers.UUIDField()


class NewByLabel(serializers.Serializer):  # type: ignore[misc]
    label = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)
    description = serializers.CharField(required=False, allow_blank=True)


class NewPower(serializers.Serializer):  # type: ignore[misc]
    action = serializers.ChoiceField(choices=["start", "stop", "restart", "hard_stop"])


class Paged(PageNumberPagination):  # type: ignore[misc]
    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"


class View(APIView):  # type: ignore[misc]
    renderer_classes = [JSONRenderer, Page]
    authentication_classes = [Bearer]
    permission_classes = [Permitted]
    throttle_classes = [PerToken]


class Snapshots(View):
    def get(self, request: Any) -> Response:
        return Response({"count": 0, "results": []})

    def post(self, request: Any) -> Response:
        NewSnapshot(data=request.data).is_valid(raise_exception=True)
        raise exceptions.NotFound


class Snapshot(View):
    def delete(self, request: Any, key: str) -> Response:
        raise exceptions.NotFound


class Restore(View):
    def post(self, request: Any, key: str) -> Response:
        raise exceptions.NotFound


class Power(View):
    def post(self, request: Any, key: str) -> Response:
        NewPower(data=request.data).is_valid(raise_exception=True)
        raise exceptions.NotFound


class Servers(View):
    def get(self, request: Any) -> Response:
        pager = Paged()
        page = pager.paginate_queryset(range(12), request)
        answer: Response = pager.get_paginated_response(page)
        return answer


URLS.urlpatterns = [  # type: ignore[attr-defined]
    path("api/v1/snapshots/", Snapshots.as_view()),
    path("api/v1/snapshots/<key>/", Snapshot.as_view()),
    path("api/v1/snapshots/<key>/restore/", Restore.as_view()),
    path("api/v1/servers/", Servers.as_view()),
    path("api/v1/servers/<key>/power/", Power.as_view()),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with demo() as (address, app):
        app.world.add_token(READER, "servers:read")
        yield address


COMPARED = ("allow", "www-authenticate", "retry-after", "location", "content-type", "vary")
GOOD = {"Authorization": f"Bearer {TOKEN}"}
READS = {"Authorization": f"Bearer {READER}"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=edge"}
PART = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
END = "--edge--\r\n"
REQUESTS: list[tuple[str, str, dict[str, str], str]] = [
    ("GET", "/snapshots/", {}, ""),
    ("GET", "/snapshots/", {"Authorization": "Basic abc"}, ""),
    ("GET", "/snapshots/", {"Authorization": "Bearer"}, ""),
    ("GET", "/snapshots/", {"Authorization": "Bearer a b"}, ""),
    ("GET", "/snapshots/", {"Authorization": "Bearer vps_wrong"}, ""),
    ("GET", "/snapshots/", {"Authorization": f"bearer {TOKEN}"}, ""),
    ("PUT", "/snapshots/", {}, "{"),
    ("POST", "/snapshots/", {"Authorization": "Bearer vps_wrong", **JSON}, "{"),
    ("GET", "/snapshots/", GOOD, ""),
    ("HEAD", "/snapshots/", GOOD, ""),
    ("OPTIONS", "/snapshots/", {}, ""),
    ("OPTIONS", "/snapshots/1/", READS, ""),
    ("GET", "/no/such/path/", GOOD, ""),
    ("GET", "/no/such/path", {}, ""),
    ("GET", "/snapshots", {}, ""),
    ("GET", "/snapshots?server_id=1&x=%2F", GOOD, ""),
    ("POST", "/snapshots", GOOD | JSON, '{"name": "x"}'),
    ("DELETE", "/snapshots/1", GOOD, ""),
    ("PUT", "/snapshots/", GOOD, ""),
    ("PATCH", "/snapshots/", GOOD, ""),
    ("TRACE", "/snapshots/", GOOD, ""),
    ("GET", "/snapshots/801/", GOOD, ""),
    ("HEAD", "/snapshots/801/", GOOD, ""),
    ("PUT", "/snapshots/999999/", GOOD, ""),
    ("GET", "/snapshots/999999/restore/", GOOD, ""),
    ("POST", "/servers/", GOOD, ""),
    ("DELETE", "/snapshots/999999/", GOOD, ""),
    ("POST", "/snapshots/999999/restore/", GOOD, ""),
    ("POST", "/snapshots/", READS | JSON, "{"),
    ("DELETE", "/snapshots/1/", READS, ""),
    ("PUT", "/snapshots/", READS, ""),
    ("POST", "/snapshots/", GOOD | JSON, ""),
    ("POST", "/snapshots/", GOOD | JSON, "{"),
    ("POST", "/snapshots/", GOOD | JSON, '{"name": NaN}'),
    ("POST", "/snapshots/", GOOD | JSON, "{}"),
    ("POST", "/snapshots/", GOOD | JSON, '{"server_id": 1}'),
    ("POST", "/snapshots/", GOOD | JSON, '{"server_id": "x", "name": "a b"}'),
    ("POST", "/snapshots/", GOOD | JSON, '{"server_id": 999999, "name": "good"}'),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "text/plain"}, "hello"),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "application/xml"}, "<a/>"),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "APPLICATION/JSON ; charset=utf-8"}, "{}"),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "application/json; charset=no"}, "{}"),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "application/json; charset=utf-16"}, "{}"),
    ("POST", "/snapshots/", GOOD | FORM, "server_id=x&name=a+b&name=c%20d"),
    ("POST", "/snapshots/", GOOD | FORM, "server_id=999999&name=good"),
    ("POST", "/snapshots/", GOOD | FORM, "server_id=&name=&description="),
    ("POST", "/snapshots/", GOOD | FORM, "nothing"),
    ("POST", "/snapshots/", GOOD | FORM, ""),
    ("POST", "/snapshots/", GOOD | {"Content-Type": "multipart/form-data"}, "x"),
    ("POST", "/snapshots/", GOOD | MULTIPART, PART.format("server_id", "999999") + END),
    (
        "POST",
        "/snapshots/",
        GOOD | MULTIPART,
        PART.format("server_id", "999999") + PART.format("name", "good") + END,
    ),
    (
        "POST",
        "/snapshots/",
        GOOD | MULTIPART,
        PART.format("server_id", "9") + PART.format('name"; filename="name', "good") + END,
    ),
    *(
        ("POST", "/servers/12345/power/", GOOD | JSON, body)
        for body in (
            "{}",
            '{"action": null}',
            '{"action": ""}',
            '{"action": "explode"}',
            '{"action": ["stop"]}',
            '{"action": true}',
            '{"action": 1}',
            "[]",
        )
    ),
    ("POST", "/servers/12345/power/", GOOD | FORM, "action=explode"),
    *(
        ("GET", "/snapshots/", GOOD | {"Accept": accept}, "")
        for accept in (
            "application/json",
            "APPLICATION/JSON",
            "application/*",
            "*/*",
            "text/*",
            "text/html",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/xml",
            "application/xml, */*;q=0.1",
            "application/json; indent=4",
            "text/html, application/json",
            "text/html;x=1, application/json",
            "nonsense",
            "*",
            ",",
            "application/json;q=0",
        )
    ),
    ("GET", "/snapshots/?format=xml", GOOD, ""),
    ("GET", "/snapshots/?format=xml", {}, ""),
    ("GET", "/snapshots/?format=json", GOOD, ""),
    ("GET", "/snapshots/?format=json", GOOD | {"Accept": "text/html"}, ""),
    ("GET", "/snapshots/?format=api", GOOD, ""),
    ("GET", "/snapshots/?format=", GOOD, ""),
    ("GET", "/snapshots/", {"Accept": "application/xml"}, ""),
    ("GET", "/snapshots/", {"Accept": "text/html"}, ""),
    ("PUT", "/snapshots/", GOOD | {"Accept": "text/html"}, ""),
    ("DELETE", "/snapshots/999999/", GOOD | {"Accept": "application/xml"}, ""),
    ("GET", "/snapshots/%0A", GOOD, ""),
    ("GET", "/snapshots%0A", GOOD, ""),
    ("DELETE", "/snapshots/801%0A/", GOOD, ""),
    ("GET", "/servers/?page=0", GOOD, ""),
    ("GET", "/servers/?page=2", GOOD, ""),
    ("GET", "/servers/?page=abc", GOOD, ""),
    ("GET", "/servers/?page=abc", {}, ""),
]


@pytest.mark.parametrize(("method", "target", "headers", "body"), REQUESTS)
def test_the_same_refusal_as_the_framework(
    url: str, method: str, target: str, headers: dict[str, str], body: str
) -> None:
    kind = headers.get("Content-Type", "application/octet-stream")
    others = {k: v for k, v in headers.items() if k != "Content-Type"}
    theirs = APIClient().generic(
        method, f"/api/v1{target}", body, content_type=kind, headers=others
    )
    ours = httpx.request(method, f"{url}{target}", headers=headers, content=body.encode())
    assert ours.status_code == theirs.status_code
    for name in COMPARED:
        assert ours.headers.get(name) == theirs.headers.get(name), name
    if method == "HEAD" or not theirs.content:
        assert ours.content == b""
    elif theirs.headers["content-type"] == "application/json" and theirs.status_code >= 400:
        assert ours.json() == json.loads(theirs.content)
    elif theirs.status_code >= 400 and theirs.content != b"<p>a page</p>":
        assert ours.text == theirs.content.decode()


def test_the_same_answer_to_options(url: str) -> None:
    theirs = APIClient().options("/api/v1/snapshots/", headers=GOOD)
    ours = httpx.options(f"{url}/snapshots/", headers=GOOD)
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers["allow"] == theirs.headers["allow"]
    wanted = json.loads(theirs.content)
    assert set(ours.json()) == set(wanted)
    assert ours.json()["parses"] == wanted["parses"]
    assert ours.json()["renders"] == wanted["renders"]


@pytest.mark.parametrize("query", ["", "page=2", "page=2&status=", "page=last", "page_size=1000"])
def test_the_same_pages(url: str, query: str) -> None:
    more = "page_size=5&" if "page_size" not in query else ""
    theirs = APIClient().get(f"/api/v1/servers/?{more}{query}", headers=GOOD).json()
    ours = httpx.get(f"{url}/servers/?{more}{query}", headers=GOOD).json()
    assert ours["count"] == theirs["count"]
    assert len(ours["results"]) == len(theirs["results"])
    origin = url.removesuffix("/api/v1")
    for link in ("next", "previous"):
        wanted = theirs[link] and theirs[link].replace("http://testserver", origin)
        assert ours[link] == wanted


def test_the_same_throttling(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    moment = 1000.0
    monkeypatch.setattr(PerToken, "rate", "2/min")
    monkeypatch.setattr(PerToken, "timer", lambda self: moment)
    with demo() as (url, app):
        app.world.add_token(READER, "servers:read")
        app.world.rate = Rate(2, 60, clock=lambda: moment)
        told = []
        steps = [(0, GOOD), (0.5, GOOD), (1, GOOD), (0, READS), (58.1, GOOD), (0.5, GOOD)]
        for step, headers in [*steps, (0.5, GOOD)]:
            moment += step
            theirs = APIClient().get("/api/v1/snapshots/", headers=headers)
            ours = httpx.get(f"{url}/snapshots/", headers=headers)
            told.append(ours.status_code)
            assert ours.status_code == theirs.status_code
            assert ours.headers.get("retry-after") == theirs.headers.get("retry-after")
            if ours.status_code == 429:
                assert ours.json() == theirs.json()
        assert told == [200, 200, 429, 200, 429, 200, 200]
    cache.clear()


UUIDS = (
    "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00",
    "7E0F6C523B1D4C0E8A395B9D2C6E1F00",
    "{7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00}",
    "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00\n",
)
ODD = ("a" * 255, "a" * 256, "9" * 1001, "1.0", " 12 ", "\0", "x\0", "\ud800", "a\n")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.text("ab-_9\n .", max_size=6),
    st.sampled_from((*UUIDS, *ODD)),
    st.lists(st.integers(), max_size=2),
    st.just({"a": 1}),
)


def with_fields(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))


def same_words(serializer: Any, fields: dict[str, Any], **how: bool) -> Wanted | None:
    """What is wanted, where the framework takes it; else both must have complained alike."""
    if serializer.is_valid():
        return read_create(fields, **how)
    with pytest.raises(Refusal) as refused:
        read_create(fields, **how)
    assert refused.value.status == 400
    words = {name: [str(error) for error in errors] for name, errors in serializer.errors.items()}
    assert refused.value.body == words
    return None


@given(with_fields("server_id", "name", "description"))
def test_the_same_words_about_fields(fields: dict[str, Any]) -> None:
    serializer = NewSnapshot(data=fields)
    wanted = same_words(serializer, fields)
    if wanted:
        assert wanted.server == serializer.validated_data["server_id"]
        assert wanted.name == serializer.validated_data["name"]
        assert wanted.description == serializer.validated_data.get("description", "")


@given(with_fields("server_id", "name", "description"))
def test_the_same_words_about_uuids(fields: dict[str, Any]) -> None:
    serializer = NewByUuid(data=fields)
    wanted = same_words(serializer, fields, uuids=True)
    if wanted:
        assert wanted.server == str(serializer.validated_data["server_id"])


@given(with_fields("label", "description"))
def test_the_same_words_about_labels(fields: dict[str, Any]) -> None:
    serializer = NewByLabel(data=fields)
    key = "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00"
    wanted = same_words(serializer, {**fields, "server_id": key}, uuids=True, under_server=True)
    if wanted:
        assert wanted.name == (serializer.validated_data.get("label") or "")


KINDS = st.sampled_from(
    ["*", "text", "html", "application", "json", "xml", "TEXT", "", "a b", "api", " json"]
)
RANGES = st.builds(
    "{}{}{}{}".format,
    KINDS,
    st.sampled_from(["/", "", "//"]),
    KINDS,
    st.sampled_from(["", ";q=0.5", "; q=0", ";indent=4", ";a=b;q=1", ";", ";;", ' ; a="b c"']),
)


@settings_of(max_examples=150)
@given(st.lists(RANGES, max_size=4).map(",".join), st.sampled_from(["", "json", "api", "xml"]))
def test_the_same_choice_of_what_to_write(accept: str, form: str) -> None:
    query = f"format={form}" if form else ""
    asked = APIRequestFactory().get(f"/?{query}", headers={"Accept": accept})
    renderers = [JSONRenderer(), Page()]
    try:
        found, _ = DefaultContentNegotiation().select_renderer(
            View().initialize_request(asked), renderers
        )
        wanted: object = found.media_type
    except Http404:
        wanted = 404
    except exceptions.NotAcceptable:
        wanted = 406
    scope = {
        "type": "http",
        "query_string": query.encode(),
        "headers": [(b"accept", accept.encode())],
    }
    try:
        ours: object = negotiate(Request(scope))
    except Refusal as refusal:
        ours = refusal.status
    assert ours == wanted


@settings_of(max_examples=100)
@given(st.text("ab=&+%40;\xe9 ", max_size=20).map(str.encode) | st.binary(max_size=12))
def test_the_same_fields_of_a_form(body: bytes) -> None:
    scope = {"type": "http", "headers": [(b"content-type", FORM["Content-Type"].encode())]}
    ours = read_fields(Request(scope), body) if body else {}
    assert ours == QueryDict(body).dict()
