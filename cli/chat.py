"""`eco2 chat`: talks with 이코 in the terminal, or asks one thing."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cli import photo
from cli.client import Client
from cli.errors import CliError
from cli.options import address, home_option, url_option, user_option
from cli.scan import upload
from cli.show import OTHER_MODEL, stood_in
from cli.words import say

BASE = "/api/v1/chat"
HELP = "/image FILE a photo · /at LAT,LON where you are · Ctrl-C stops an answer · /quit ends"
IMAGE_ONLY = "이 이미지 분류해줘"


@click.command()
@click.argument("messages", nargs=-1, metavar="[MESSAGE]...")
@click.option("--image", type=click.Path(path_type=Path), help="A photo to send with the first message.")
@click.option("--at", "place", metavar="LAT,LON", help="Where you are, for places, fees and weather.")
@click.option("--chat", "chat_id", help="A conversation to go on with; default: a new one.")
@click.option("--model", help="Model to ask; default: the platform's.")
@user_option
@click.option("--json", "as_json", is_flag=True, help="Print the result of each answer, one JSON a line.")
@url_option
@home_option
def chat(
    messages: tuple[str, ...],
    image: Path | None,
    place: str | None,
    chat_id: str | None,
    model: str | None,
    user: str,
    as_json: bool,
    url: str | None,
    home: Path,
) -> None:
    """Talk with 이코; without a message line by line until Ctrl-D."""
    client = Client(address(url, home))
    client.sign_in(user)
    talk = Conversation(
        client, chat_id or client.post(BASE, {})["id"], model, position(place), as_json=as_json
    )
    if messages or image:
        first, *others = messages or ("",)
        answered = [talk.ask(first, image), *(talk.ask(message, None) for message in others)]
        if not all(answered):
            raise SystemExit(1)
        return
    click.echo(say(HELP), err=True)
    talk.listen()


@dataclass(slots=True)
class Conversation:
    """A conversation of one user in this terminal."""

    client: Client
    id: str
    model: str | None
    place: dict[str, float] | None
    as_json: bool
    image: Path | None = None

    def listen(self) -> None:
        """Read messages line by line until the end."""
        while True:
            try:
                line = input(say("you> ") if sys.stdin.isatty() else "").strip()
            except (EOFError, KeyboardInterrupt):
                return
            word, _, rest = line.partition(" ")
            try:
                match word:
                    case "/quit":
                        return
                    case "/image":
                        self.image = Path(rest)
                    case "/at":
                        self.place = position(rest)
                    case "":
                        pass
                    case _:
                        self.ask(line, self.image)
                        self.image = None
            except (CliError, click.BadParameter) as error:
                click.echo(str(error), err=True)

    def ask(self, message: str, image: Path | None) -> bool:
        """Send a message and show the answer as it comes; Ctrl-C stops it. Whether it was answered."""
        body: dict[str, Any] = {
            "message": message or IMAGE_ONLY,
            "model": self.model,
            "user_location": self.place,
        }
        if image:
            body["image_url"] = upload(self.client, *photo.read(image), "chat")
        sent = {key: value for key, value in body.items() if value is not None}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        job = self.client.post(f"{BASE}/{self.id}/messages", sent, headers)["job_id"]
        try:
            return self._shown(job)
        except KeyboardInterrupt:
            self.client.delete(f"{BASE}/{job}/run")
            click.echo(say("\n(stopped)"), err=True)
            return False

    def _shown(self, job: str) -> bool:
        told = ""
        for event, data in self.client.events(f"{BASE}/{job}/events"):
            match event:
                case "token":
                    told += self._write(data["content"])
                case "needs_input":
                    self._give(job, data["message"])
                case "done":
                    self._end(data["result"], told)
                    return True
                case "error":
                    click.echo(f"\n{data['message']}", err=True)
                case _ if sys.stderr.isatty() and not told and data.get("status") == "started":
                    click.echo(f"\r\033[K{data['message']}…", nl=False, err=True)
        return False

    def _write(self, text: str) -> str:
        if not self.as_json:
            click.echo(text, nl=False)
            sys.stdout.flush()
        return text

    def _end(self, result: dict[str, Any], told: str) -> None:
        if self.as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
            return
        click.echo("" if told else result["answer"])
        metadata = result.get("metadata") or {}
        if others := stood_in(metadata):
            told_so = say(OTHER_MODEL, asked=metadata["models"]["asked"], others=others)
            click.secho(told_so, fg="yellow", err=True)

    def _give(self, job: str, question: str) -> None:
        """Tell the waiting turn where the user is, or that nobody says so."""
        place = self.place
        if place is None and sys.stdin.isatty():
            try:
                place = position(
                    input(say("\n{question} (LAT,LON · just Enter: go on without)> ", question=question))
                    or None
                )
            except (click.BadParameter, EOFError):
                place = None
        self.client.post(f"{BASE}/{job}/input", {"type": "location", "data": place or {}})


def position(text: str | None) -> dict[str, float] | None:
    """A position as `37.56,126.97`. Raises click.BadParameter."""
    if text is None:
        return None
    try:
        latitude, longitude = (float(number) for number in text.split(","))
    except ValueError:
        raise click.BadParameter(say("write latitude and longitude as 37.56,126.97")) from None
    return {"latitude": latitude, "longitude": longitude}
