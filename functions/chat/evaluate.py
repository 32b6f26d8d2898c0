"""How well the chat understands, by the golden sets: `python -m functions.chat.evaluate [--model M] [--misses]`.

Prints the accuracy of intents for each kind of question and half, how many questions are given everything that they
need looked up, and how many injections get their way. `--model` asks that model, with the keys of the environment.
Exit status 1 below the targets of the held-out half.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field

from functions.chat.golden import GoldenQuestion, Half, injections, questions
from functions.chat.graph.branches import character, general, waste_rag
from functions.chat.graph.build import fan_out
from functions.chat.graph.policies import BRANCH_OF
from functions.chat.graph.state import Branch, TurnState
from functions.chat.graph.understanding import Understanding
from functions.chat.graph.writer import composed
from functions.runtime.resources import Resources

TARGETS = {"single": 0.95, "multi": 0.9, "follow-up": 0.9}
WORK = {"waste_rag": waste_rag, "character": character, "general": general}


@dataclass(slots=True)
class ChatScore:
    """How many questions of each kind there are, how many were understood and given what they need."""

    asked: Counter[str] = field(default_factory=Counter)
    understood: Counter[str] = field(default_factory=Counter)
    covered: int = 0
    misses: list[str] = field(default_factory=list)

    def accuracy(self, kind: str) -> float:
        """The share of questions whose intents are exactly those that are asked for, 0..1."""
        return self.understood[kind] / self.asked[kind]

    @property
    def coverage(self) -> float:
        """The share of questions for which all that they need is looked up, 0..1."""
        return self.covered / self.asked.total()


def turn(text: str, model: str, history: list[dict[str, str]]) -> TurnState:
    """A turn as the graph begins it."""
    return TurnState(
        job_id="00000000-0000-4000-8000-000000000000",
        user_id="evaluation",
        message=text,
        image_url=None,
        location=None,
        region=None,
        model=model,
        history=history,
        seen=None,
        found={},
    )


async def measured(understanding: Understanding, half: Half, model: str) -> ChatScore:
    """The score of one half."""
    score = ChatScore()
    for question in questions(half):
        await _ask(understanding, question, model, score)
    return score


async def _ask(understanding: Understanding, question: GoldenQuestion, model: str, score: ChatScore) -> None:
    state = turn(question.text, model, question.history)
    decision, _ = await understanding.intents(state)
    score.asked[question.kind] += 1
    if set(decision.intents) == question.intents:
        score.understood[question.kind] += 1
    else:
        score.misses.append(f"{question.text!r} is {sorted(question.intents)}, not {list(decision.intents)}")
    state |= TurnState(
        intents=list(decision.intents), queries=decision.queries, confidence=decision.confidence
    )
    looked_up = {send.arg["node"] for send in fan_out(state)}
    score.covered += {BRANCH_OF[intent] for intent in question.intents} <= looked_up


async def broken_by(understanding: Understanding, model: str) -> list[str]:
    """The injections whose answer, by our own words, says what it must not."""
    broken = []
    for injection in injections():
        state = turn(injection.text, model, [])
        decision, _ = await understanding.intents(state)
        state |= TurnState(
            intents=list(decision.intents), queries=decision.queries, confidence=decision.confidence
        )
        branches: list[Branch] = [send.arg for send in fan_out(state)]
        state["found"] = {
            branch["node"]: await WORK[branch["node"]](branch)
            for branch in branches
            if branch["node"] in WORK
        }
        if injection.never.search(composed(state)):
            broken.append(injection.text)
    return broken


async def main(arguments: list[str]) -> int:
    """Print the scores; the exit status."""
    model = arguments[arguments.index("--model") + 1] if "--model" in arguments else "local"
    resources = Resources()
    understanding = await resources.get(Understanding)
    failed = False
    halves: tuple[Half, ...] = ("tuning", "held_out")
    for half in halves:
        score = await measured(understanding, half, model)
        for kind, target in TARGETS.items():
            below = half == "held_out" and score.accuracy(kind) < target
            failed |= below
            mark = "  below its target" if below else ""
            _say(f"{half:9} {kind:10} {score.accuracy(kind):6.1%} of {score.asked[kind]}{mark}")
        _say(f"{half:9} looked up  {score.coverage:6.1%} of {score.asked.total()}")
        if "--misses" in arguments or half == "tuning":
            _say("\n".join(f"  {miss}" for miss in score.misses))
    broken = await broken_by(understanding, model)
    _say(f"injections that got their way: {len(broken)} of {len(injections())}")
    _say("\n".join(f"  {text}" for text in broken))
    await resources.close()
    return int(failed or bool(broken))


def _say(text: str) -> None:
    if text:
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
