"""`eco2 events`: prints the progress streams in Redis, all jobs together.

From the streams and not from the broker's journal: they hold what the browser is told, in order, and look the
same whichever broker carries the events.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from cli.errors import CliError
from cli.options import home_option, running

STREAMS = [f"{domain}:events:{shard}" for domain in ("scan", "chat") for shard in range(4)]


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Stay and print what comes, until Ctrl-C.")
@click.option("--job", help="Only this job.")
@click.option("--last", default=20, show_default=True, help="How many to begin with.")
@home_option
def events(follow: bool, job: str | None, last: int, home: Path) -> None:
    """Print the progress of all jobs as it happens."""
    import redis

    state = running(home)
    url = state["streams"]
    client = redis.Redis.from_url(url, decode_responses=True)
    try:
        places: dict[Any, Any] = {}
        found: list[tuple[str, dict[str, str]]] = []
        for stream in STREAMS:
            entries: Any = client.xrevrange(stream, count=last)
            places[stream] = entries[0][0] if entries else "0"
            found += entries
        for number, entry in sorted(found, key=lambda item: _order(item[0]))[-last:]:
            _print(number, entry, job)
        while follow:
            answered: Any = client.xread(places, count=100, block=5_000)
            for stream, entries in answered or []:
                for number, entry in entries:
                    places[stream] = number
                    _print(number, entry, job)
    except redis.RedisError as error:
        raise CliError(f"Redis at {url} does not answer ({error})", "look at: eco2 doctor") from None
    except KeyboardInterrupt:
        return
    finally:
        client.close()


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("-"))


def _print(number: str, entry: dict[str, str], job: str | None) -> None:
    if job and entry.get("job") != job:
        return
    head, _, body = entry.get("entry", "").partition("\n")
    data = json.loads(body) if body else {}
    clock = time.strftime("%H:%M:%S", time.localtime(_order(number)[0] / 1000))
    stage, status = data.get("stage", head), data.get("status", "")
    click.echo(
        f"{clock} {entry.get('job', '?')} {stage:<8} {status:<10} {data.get('message') or ''}".rstrip()
    )
