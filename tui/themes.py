"""ciplun's own three themes; Textual's can be chosen as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from textual.app import App
from textual.theme import Theme

DARK: Final = Theme(
    name="ciplun-dark",
    primary="#6cb6ff",
    secondary="#7fd1c7",
    accent="#8ecbff",
    warning="#e3b566",
    error="#f0817b",
    success="#86c995",
    foreground="#d5dbe3",
    background="#10141a",
    surface="#171c24",
    panel="#222a35",
    boost="#1d242e",
    variables={
        "border-blurred": "#323c4a",
        "text-muted": "#8b97a6",
        "text-disabled": "#566170",
        "input-cursor-background": "#d5dbe3",
        "input-selection-background": "#6cb6ff 30%",
        "scrollbar": "#323c4a",
        "scrollbar-hover": "#445166",
        "scrollbar-active": "#6cb6ff",
        "scrollbar-background": "#10141a",
        "scrollbar-background-hover": "#10141a",
        "scrollbar-background-active": "#10141a",
    },
)

LIGHT: Final = Theme(
    name="ciplun-light",
    dark=False,
    primary="#0b62b8",
    secondary="#0f766e",
    accent="#0a58a6",
    warning="#8a5a00",
    error="#b3261e",
    success="#1e6f3c",
    foreground="#1d2430",
    background="#fafbfc",
    surface="#f0f3f6",
    panel="#dfe5ec",
    boost="#e6ebf1",
    variables={
        "border-blurred": "#c3ccd6",
        "text-muted": "#566170",
        "text-disabled": "#9aa5b1",
        "scrollbar": "#c3ccd6",
        "scrollbar-background": "#fafbfc",
    },
)

# Blue and bright black are left out for text: on many terminals nobody can read them.
ANSI: Final = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_cyan",
        "scrollbar-active": "ansi_cyan",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)
"""The terminal's own sixteen colours on its own background, whichever those are."""

THEMES: Final = (DARK, LIGHT, ANSI)


def with_accent(theme: Theme, colour: str) -> Theme:
    """The same theme with another primary colour, a name or ``#rrggbb``."""
    return replace(theme, name=f"{theme.name}-accent", primary=colour, accent=colour)


def wear(app: App[Any], name: str, accent: str, *, first: bool) -> None:
    """Have an app wear a theme in an accent, or its own; `first`: before it parses style sheets."""
    if accent:
        accented = with_accent(app.available_themes[name], accent)
        app.register_theme(accented)
        name = accented.name
    if not first or app.available_themes[name].ansi:
        app.theme = name
        return
    # Set as usual, it would have all style sheets parsed once more, which takes 20 ms.
    app.set_reactive(App.theme, name)
    shade = "-dark-mode" if app.current_theme.dark else "-light-mode"
    worn = [class_name for class_name in app.classes if class_name.startswith("-theme-")]
    app.remove_class("-dark-mode", "-light-mode", *worn)
    app.add_class(f"-theme-{name}", shade)
    app.stylesheet.set_variables(app.get_css_variables())
