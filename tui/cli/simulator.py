"""``ciplun simulator``: its options. What it does is in `tui.simulator`."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from tui.cli.arguments import Command, FilePath, Number, moment
from tui.cli.output import fail, output
from tui.exit_codes import ExitCode
from tui.simulator.options import DIALECTS, FASTEST, LOOPBACK, SimulatorOptions

EXAMPLES = """\b
An example, in another terminal:
  ciplun simulator --port 8000 --token vps_test
  curl -H "Authorization: Bearer vps_test" http://127.0.0.1:8000/api/v1/servers/

\b
A token is TOKEN[,EMAIL][,PERMISSION...]; the variable CIPLUN_SIMULATOR_TOKEN takes them, too:
  --token vps_a                         the first account, servers:*
  --token vps_b,servers:read            the same, reading only
  --token vps_c,neighbour@example.net   another account, with one server; others are empty

\b
Routes of --admin, each a POST of JSON with the administrative token:
  /admin/advance/    {"seconds": 600}               let virtual time pass
  /admin/scenarios/  {"names": ["lost-answer:1"]}   play these and no others
  /admin/tokens/     {"email": ..., "permissions": ["servers:read"]}
  /admin/servers/    {"name": "web", "id": 7, "status": "stopped"}
  /admin/snapshots/  {"server": 7, "name": "old", "status": "failed", "age": "9d"}
  /admin/backups/    {"server": 7, "backup_type": "manual", "age": "9d"}
  /admin/requests/   {} or {"forget": true}         what came, with what struck it
  /admin/reset/      {}                             everything as at the beginning

\b
A --fleet file has servers with their snapshots and backups, described in the same way:
  {"servers": [{"name": "web", "id": 7, "snapshots": [{"name": "old", "age": "9d"}]}]}

\b
The contract is at http://127.0.0.1:PORT/api/v1/openapi.yaml, and /health/ says that it runs. The
simulator ends on ctrl-c, on SIGTERM and with whoever started it; under nohup only on SIGTERM."""


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--port",
    default=0,
    metavar="N",
    type=Number(0, 65535),
    help="The port on 127.0.0.1; 0, the default, takes a free one.",
)
@click.option(
    "--host",
    default=LOOPBACK,
    metavar="ADDRESS",
    help="Listen there instead of 127.0.0.1; only with --listens-outside.",
)
@click.option(
    "--listens-outside",
    is_flag=True,
    help="Let other machines in; needs a --token of your own.",
)
@click.option(
    "--tls",
    is_flag=True,
    help="Speak https, with an authority made for this run; its file is printed.",
)
@click.option(
    "--fleet",
    default="demo",
    metavar="NAME|FILE",
    help="demo (the default), published (the provider's own example), empty, or a JSON file.",
)
@click.option(
    "--servers",
    metavar="N",
    type=Number(0, 100_000),
    help="A made-up fleet of this size, five snapshots on each, in place of the demo's dozen.",
)
@click.option(
    "--speed",
    default=1.0,
    metavar="X",
    type=click.FloatRange(0, FASTEST),
    help="Virtual seconds in each real second; 0 stops the time, except for --admin.",
)
@click.option(
    "--now",
    metavar="TIME",
    callback=moment,
    help="The virtual time to begin at, e.g. 2025-01-23T18:30:00Z; now if not given.",
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="TOKEN",
    help="A token to accept, can be repeated (see below); random ones if not given.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME[=DELAY][:TURN][@WHERE]",
    help="A fault to play, can be repeated, e.g. lost-answer:1.",
)
@click.option("--list-scenarios", is_flag=True, help="Print all scenarios and exit.")
@click.option(
    "--dialect",
    default="docs",
    type=click.Choice(DIALECTS),
    help="As the provider publishes it (the default), as its own clients see it, or bare lists.",
)
@click.option(
    "--state",
    metavar="FILE",
    type=FilePath(),
    help="Keep the world there over restarts; once it exists, the fleet is the one in it.",
)
@click.option("--seed", default=1, metavar="N", help="The same seed makes the same world.")
@click.option("--admin", is_flag=True, help="Open the administrative routes (see below).")
@click.option("--json", "as_json", is_flag=True, help="Print address and tokens as one JSON line.")
def command(list_scenarios: bool, **options: Any) -> int:
    """Serve a simulated VPS.org API on 127.0.0.1, for tests of any client of it.

    It keeps the published rules, times and error bodies, and forgets everything at its end unless
    there is a --state. No other machine reaches it unless --listens-outside says so.
    """
    from tui.simulator import runner

    if list_scenarios:
        output.write(runner.scenario_help())
        return ExitCode.DONE
    wanted = SimulatorOptions(**options)
    return runner.run(wanted, partial(fail, as_json=wanted.as_json))
