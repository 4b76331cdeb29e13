"""Laying a new answer over what is known. Pure, so that a large one can be merged in a thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from tui.fleet.state import ServerView, newest_first
from tui.vps.models import Key, Listing, Server, Snapshot

Views = Mapping[Key, ServerView]


def merge_servers(views: Views, listing: Listing[Server]) -> dict[Key, ServerView]:
    """Lay a list of servers over `views`.

    A server that a settled list no longer has stays only as long as it has snapshots: the
    snapshots are what ciplun is for, and their own list decides about them. One that is listed
    and cannot be read stays as it was.
    """
    merged: dict[Key, ServerView] = {}
    for server in listing.items:
        old = views.get(server.id)
        if old is None:
            merged[server.id] = ServerView(server)
        elif old.server == server and old.listed:
            merged[server.id] = old
        else:
            merged[server.id] = replace(old, server=server, listed=True)
    for key, view in views.items():
        if key not in merged and (view.snapshots or not _is_gone(view, listing)):
            merged[key] = view
    return merged


def _is_gone(view: ServerView, listing: Listing[Server]) -> bool:
    """Whether a server that the list does not have was listed before and would be now."""
    return view.listed and listing.settled and view.server.id not in listing.unread


def merge_snapshots(
    views: Views,
    listing: Listing[Snapshot],
    scope: Key | None = None,
    keep: frozenset[Key] = frozenset(),
    *,
    lacking: bool = False,
) -> dict[Key, ServerView]:
    """Lay a list of snapshots, of one server (`scope`) or of all, over `views`.

    An unsettled list adds and changes but never removes, and what is listed and cannot be read
    stays as it was. One that is `lacking` leaves every server in doubt. Servers in `keep` are left
    as they are: something was written to them after this list was asked for.
    """
    listed: dict[Key, dict[Key, Snapshot]] = defaultdict(dict)
    for snapshot in listing.items:
        listed[snapshot.server_id][snapshot.id] = snapshot
    merged = dict(views)
    if scope is not None:
        touched: Iterable[Key] = {scope}
    elif lacking:
        touched = {*listed, *views}
    elif listing.settled:
        known = (key for key, view in views.items() if view.snapshots or view.doubt)
        touched = {*listed, *known, *(listing.unread_on & views.keys())}
    else:
        touched = {*listed, *(listing.unread_on & views.keys())}
    for key in touched:
        if key in keep:
            continue
        merged[key] = _with_snapshots(merged.get(key), key, listed.get(key, {}), listing, lacking)
    return merged


def _with_snapshots(
    view: ServerView | None,
    key: Key,
    listed: dict[Key, Snapshot],
    listing: Listing[Snapshot],
    lacking: bool,
) -> ServerView:
    if view is None:
        name = next((s.server_name for s in listed.values() if s.server_name), str(key))
        view = ServerView(Server(id=key, name=name), listed=False)
    if not listing.settled or listing.unread:
        kept = (s for s in view.snapshots if not listing.settled or s.id in listing.unread)
        listed = {s.id: s for s in kept} | listed
    unread = key in listing.unread_on or (view.unread and not listing.settled)
    lacking = lacking or (view.lacking and not listing.settled)
    if not _same(view.snapshots, listed):
        snapshots = newest_first(listed.values())
        return replace(view, snapshots=snapshots, unread=unread, lacking=lacking)
    if (view.unread, view.lacking) == (unread, lacking):
        return view
    return replace(view, unread=unread, lacking=lacking)


def _same(held: tuple[Snapshot, ...], listed: dict[Key, Snapshot]) -> bool:
    """Whether nothing changed: then nothing is sorted, and most are even the same objects."""
    if len(held) != len(listed):
        return False
    for snapshot in held:
        found = listed.get(snapshot.id)
        if found is not snapshot and found != snapshot:
            return False
    return True


def merge_part(
    views: Views,
    snapshots: Listing[Snapshot],
    servers: Listing[Server],
    keep: frozenset[Key],
) -> dict[Key, ServerView]:
    """Lay some pages of lists that are still being read over `views`; neither may be settled."""
    merged = merge_snapshots(merge_servers(views, servers), snapshots, None, keep)
    for key in {server.id for server in servers.items} | {s.server_id for s in snapshots.items}:
        if key in merged and key not in views:
            merged[key] = replace(merged[key], partial=True)
    return merged


def _whole(views: dict[Key, ServerView], keys: Iterable[Key]) -> dict[Key, ServerView]:
    """The same, with the snapshots of these servers read."""
    for key in keys:
        view = views.get(key)
        if view is not None and (view.partial or view.remembered):
            views[key] = replace(view, partial=False, remembered=False)
    return views


def merge(
    views: Views,
    snapshots: Listing[Snapshot],
    servers: Listing[Server] | None,
    scope: Key | None,
    keep: frozenset[Key],
    *,
    lacking: bool = False,
) -> dict[Key, ServerView]:
    """Lay a list of servers, where there is one, and then a list of snapshots over `views`.

    What is only remembered from an earlier run is no part of what is known.
    """
    if scope is None:
        views = {key: view for key, view in views.items() if not view.remembered}
    if servers is not None:
        views = merge_servers(views, servers)
    merged = merge_snapshots(views, snapshots, scope, keep, lacking=lacking)
    if servers is not None and not lacking:
        merged = _without_gone(merged, servers, keep)
    read = merged if scope is None else (scope,)
    return _whole(merged, [key for key in read if key not in keep])


def _without_gone(
    views: dict[Key, ServerView], listing: Listing[Server], keep: frozenset[Key]
) -> dict[Key, ServerView]:
    """The views, without servers that went together with the last of their snapshots."""
    listed = {server.id for server in listing.items} | keep
    empty = (key for key, view in views.items() if not (view.snapshots or view.unread))
    gone = {key for key in empty if key not in listed and _is_gone(views[key], listing)}
    return {key: view for key, view in views.items() if key not in gone} if gone else views


def changed(before: Views, after: Views) -> frozenset[Key]:
    """Ids of the servers that came, went or differ. Unchanged ones are the same objects."""
    return frozenset(
        key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)
    )
