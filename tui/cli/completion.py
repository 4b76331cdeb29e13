"""`ciplun completion`: what a shell has to run so that it completes commands, options, names."""

from __future__ import annotations

from typing import Any, Final

import click
from click.shell_completion import get_completion_class

from tui.cli.arguments import Command, shared
from tui.cli.output import out
from tui.exit_codes import ExitCode

SHELLS: Final = ("bash", "zsh", "fish")
VARIABLE: Final = "_CIPLUN_COMPLETE"
"""What the shell sets when it asks us for words."""


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@shared
@click.pass_context
def command(context: click.Context, /, shell: str, **given: Any) -> int:
    """Print what makes a shell complete commands, options and names.

    Names of servers and ids of snapshots are those known last: nothing is asked of the provider.

    \b
    bash:  eval "$(ciplun completion bash)"              in ~/.bashrc
    zsh:   eval "$(ciplun completion zsh)"               in ~/.zshrc, after compinit
    fish:  ciplun completion fish | source               in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    out(made(context.find_root().command, {}, "ciplun", VARIABLE).source().strip())
    return ExitCode.DONE
