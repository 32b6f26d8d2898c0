"""A scan's result as text for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from cli.words import say

OTHER_MODEL = "{asked} did not answer; another model did: {others}"


def result(body: dict[str, Any], console: Console | None = None) -> None:
    """Print class, steps, what is missing, the answer, its sources and the character."""
    console = console or Console()
    if body["status"] != "completed":
        error = body.get("error") or {}
        console.print(
            f"[red]{escape(str(error.get('message') or body['status']))}[/] ({error.get('code', '?')})"
        )
        return
    pipeline = body["pipeline_result"]
    classified = (pipeline.get("classification_result") or {}).get("classification") or {}
    names = [classified.get(f"{level}_category") for level in ("major", "middle", "minor")]
    answer = pipeline.get("final_answer") or {}
    lines = ["[bold]" + escape(" › ".join(str(name) for name in names if name)) + "[/]"]
    steps = answer.get("disposal_steps") or []
    for number, step in enumerate(steps.values() if isinstance(steps, dict) else steps, 1):
        lines.append(f"  {number}. {escape(str(step))}")
    if missing := answer.get("insufficiencies"):
        lines += ["", f"[yellow]{say('Still to do')}[/]", *(f"  - {escape(str(item))}" for item in missing)]
    if text := answer.get("user_answer"):
        lines += ["", escape(str(text))]
    if sources := _sources(pipeline.get("disposal_rules")):
        lines += ["", f"[dim]{say('Source')}: " + escape(" · ".join(sources)) + "[/]"]
    console.print(Panel("\n".join(lines), title=say("How to dispose of it"), title_align="left"))
    if others := stood_in(pipeline):
        console.print(
            f"[yellow]{escape(say(OTHER_MODEL, asked=pipeline['models']['asked'], others=others))}[/]"
        )
    if reward := body.get("reward"):
        owned = say(
            "Already a friend of yours" if reward.get("already_owned") else "You won a new character!"
        )
        name, dialog = (escape(str(reward.get(key) or "")) for key in ("name", "dialog"))
        console.print(f"[green]{owned}[/] [bold]{name}[/] “{dialog}”")


def stood_in(result: dict[str, Any]) -> str:
    """The models of a scan or of a turn that answered in place of the one asked for; empty where none had to."""
    models = result.get("models") or {}
    used = dict.fromkeys(filter(None, (models.get("vision"), models.get("answer"))))
    return ", ".join(each for each in used if each != models.get("asked"))


def _sources(rules: Any) -> list[str]:
    """The rule that was applied and where it comes from: `{name, source: [{title, publisher}]}`."""
    if not isinstance(rules, dict):
        return []
    named = [str(rules["name"])] if rules.get("name") else []
    sources = rules.get("source") or []
    return named + [
        f"{source.get('title')} ({source.get('publisher')})" for source in sources if isinstance(source, dict)
    ]
