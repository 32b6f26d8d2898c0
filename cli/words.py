"""What commands say to people, in English as it stands in the code and in Korean; answers about waste stay Korean.

The language is that of `--lang`, else of ECO2_LANG, else of the terminal's locale. `korean.json` has the Korean of
every text by its English: of what commands say, of their help, of what packages below tell them, of click's own.
"""

from __future__ import annotations

import json
import os
import re
from copy import copy
from functools import cache
from gettext import gettext
from pathlib import Path
from typing import Literal, TypeVar, get_args
from unicodedata import east_asian_width

import click
from click import _textwrap, core, decorators, exceptions, formatting, parser, termui, types

from cli.settings import CommandSettings
from process.settings import SettingsError, read

Language = Literal["en", "ko"]
LANGUAGES = get_args(Language)
CLICK = (_textwrap, core, decorators, exceptions, formatting, parser, termui, types)
C = TypeVar("C", bound=click.Command)
_FIELD = re.compile(r"{(\w+)[^}]*}")
_chosen: list[str] = []


def choose(language: str | None) -> None:
    """Speak this language from now on; None: as the environment says."""
    _chosen[:] = [language] if language else []


def language() -> str:
    """The language that is spoken."""
    if _chosen:
        return _chosen[0]
    try:
        set_here = read(CommandSettings, os.environ).lang
    except SettingsError:
        set_here = ""
    if set_here in LANGUAGES:
        return set_here
    locale = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if locale.startswith("ko") else "en"


def say(english: str, /, **values: object) -> str:
    """A text in the language that is spoken, with values put in."""
    return _in_korean(english).format(**values)


def heard(text: object) -> str:
    """What another package says, in the language that is spoken where its Korean is known."""
    told = str(text)
    if language() != "ko":
        return told
    for pattern, korean in _patterns():
        if found := pattern.fullmatch(told):
            return korean.format(**found.groupdict())
    return told


def translated(command: C) -> C:
    """A command whose help is in the language that is spoken."""
    if language() != "ko":
        return command
    made = copy(command)
    made._help_option = None  # which click made in another language, when it was asked before
    made.help = _in_korean(made.help) if made.help else made.help
    made.short_help = _in_korean(made.short_help) if made.short_help else made.short_help
    made.params = [copy(each) for each in made.params]
    for each in made.params:
        if isinstance(each, click.Option) and each.help:
            each.help = _in_korean(each.help)
    if isinstance(made, click.Group):
        made.commands = {name: translated(each) for name, each in made.commands.items()}
    return made


def speak_for_click() -> None:
    """Have click's own texts, such as of a missing argument, in the language that is spoken.

    It asks gettext, which reads catalogues that were compiled; what Korean there is stands in one place here. Help is
    wrapped and aligned by the cells that texts take, where click counts characters.
    """

    def one_or_several(singular: str, plural: str, number: int) -> str:
        return _in_korean(singular if number == 1 else plural)

    ours = {"_": _in_korean, "ngettext": one_or_several, "term_len": _cells}
    for module in CLICK:
        for name, function in ours.items():
            if hasattr(module, name):
                setattr(module, name, function)


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes: a Korean character two, escape sequences none."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in click.unstyle(text))


def _in_korean(english: str) -> str:
    return catalogue().get(english, english) if language() == "ko" else gettext(english)


@cache
def catalogue() -> dict[str, str]:
    """English → Korean."""
    found: dict[str, str] = json.loads(Path(__file__).with_name("korean.json").read_text())
    return found


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What texts look like once their values are put in; the most particular first."""
    made = []
    for english, korean in sorted(catalogue().items(), key=lambda pair: -len(_FIELD.sub("", pair[0]))):
        parts, seen = [], set()
        for number, part in enumerate(_FIELD.split(english)):
            if number % 2 == 0:
                parts.append(re.escape(part.replace("{{", "{").replace("}}", "}")))
            else:
                parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+?)")
                seen.add(part)
        made.append((re.compile("".join(parts), re.DOTALL), _FIELD.sub(r"{\1}", korean)))
    return made
