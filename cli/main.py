"""`eco2`: the platform on one machine, from the command line. Commands are imported when they are used."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module

import click

from cli import words

COMMANDS = {
    "up": "start the platform and stay until Ctrl-C",
    "down": "stop the platform of this home",
    "status": "what runs in this home",
    "scan": "sort one photo: what it is and how to throw it away",
    "chat": "talk with 이코: how to throw things away, places, fees, weather",
    "ask": "how to throw something away, by its name, without a platform",
    "jobs": "your own scans: list, show, cancel, retry",
    "events": "CloudEvents as they are delivered",
    "logs": "logs of a function, of a process, or of all",
    "send": "publish one CloudEvent",
    "invoke": "call one function",
    "dead-letters": "events that could not be delivered: list, show, replay, discard",
    "locations": "places on the map: import a public file",
    "keys": "the keys that sign tokens: rotate",
    "logins": "where a user is signed in: list, end",
    "functions": "every function: what triggers it, limits",
    "new": "scaffold a function",
    "remove": "take a function away, with all that was written for it",
    "doctor": "check this machine and the running platform",
    "demo": "start the platform, sort a photo, stay until Ctrl-C",
}


class Lazy(click.Group):
    """A group that knows the names of all commands without importing any."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Names of commands, in the order above."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"cli.{name}"), name)
        return words.translated(command) if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelled one is answered by the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from cli.near import meant

            ctx.fail(f"{error.format_message()} {meant(args[0], COMMANDS, '')}".strip())

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Find the option --help; click made it before the language was known."""
        found = super().get_help_option(ctx)
        if found:
            found.help = words.say("Show this message and exit.")
        return found

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language that is spoken."""
        super(Lazy, words.translated(self)).format_help(ctx, formatter)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line a command, from the table above."""
        with formatter.section(words.say("Commands")):
            formatter.write_dl([(name, words.say(about)) for name, about in COMMANDS.items()])


def _choose(_context: click.Context, _option: click.Parameter, language: str | None) -> None:
    words.choose(language)


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eco2", message="eco2 %(version)s")
@click.option(
    "--lang",
    type=click.Choice(words.LANGUAGES),
    help="Language of hints; answers stay Korean.",
    is_eager=True,
    expose_value=False,
    callback=_choose,
)
@click.pass_context
def main(context: click.Context) -> None:
    """Run Eco² on this machine; `eco2 demo` shows it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Korean shows ? and the command goes on
            stream.reconfigure(errors="replace")
    if "NO_COLOR" in os.environ:  # no-color.org; rich keeps to it by itself
        context.color = False


words.speak_for_click()

if __name__ == "__main__":
    main()
