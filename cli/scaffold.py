"""The files of a new function, as short as they can be and in the form that lint and format want."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eventing.catalogue import EventData
from functions.runtime.declaration import Route


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a new function, `domain/name`.

    It lies in the folder functions/domain/name, its handler is `name`, and Knative knows it as domain-name.
    """

    domain: str
    name: str

    @property
    def folder(self) -> Path:
        """Below the repository."""
        return Path("functions", self.domain, self.name)

    @property
    def test(self) -> Path:
        """Below the repository."""
        return Path("tests/functions", self.domain, f"test_{self.name}.py")

    @property
    def function(self) -> str:
        """The function's name on Knative."""
        return f"{self.domain}-{self.name}".replace("_", "-")

    @property
    def type(self) -> str:
        """The name of a class named after the function."""
        return "".join(map(str.capitalize, self.name.split("_")))


@dataclass(frozen=True, slots=True)
class Emitted:
    """The event that a function answers with. `carries`: it has all that the event before it had."""

    module: str
    name: str
    carries: bool


def on_event(name: Name, on: type[EventData], emits: Emitted | None) -> dict[Path, str]:
    """The files (path below the repository → content) of a function that takes events of type `on`."""
    wanted = [("functions.runtime", "event_function"), (on.__module__, on.__qualname__)]
    if emits:
        wanted.append((emits.module, emits.name))
    carries = bool(emits and emits.carries)
    lines = [] if carries else ['log.info("took %s", event.type)']
    if emits:
        lines.append(f"return {emits.name}({'**dict(event)' if carries else ''})")
    return {
        name.folder / "func.py": EVENT.format(
            type=on.type,
            imports=_imports(wanted),
            log="" if carries else LOG,
            logging="" if carries else "import logging\n\n",
            declared=f"on={on.__qualname__}" + (f", emits={emits.name}" if emits else ""),
            name=name.name,
            event=on.__qualname__,
            answer=emits.name if emits else "None",
            promise="Answers with the event that comes of it" if emits else "Acts on each event once",
            body="\n".join(f"    {line}" for line in lines),
        ),
        name.test: EVENT_TEST.format(function=name.function, type=name.type),
    }


def on_http(name: Name, route: Route) -> dict[Path, str]:
    """The files (path below the repository → content) of a function that is called at `route`."""
    given = re.findall(r"{(\w+)}", route.path)
    parameters = "".join(f"{parameter}: str, " for parameter in given)
    answer = "".join(f"{parameter}={parameter}, " for parameter in given)
    example = re.sub(r"{(\w+)}", r"\1-1", route.path)
    body = "".join(f'"{parameter}": "{parameter}-1", ' for parameter in given)
    return {
        name.folder / "func.py": HTTP.format(
            method=route.method,
            path=route.path,
            name=name.name,
            type=name.type,
            fields="".join(f"    {parameter}: str\n" for parameter in given),
            parameters=parameters,
            answer=answer,
        ),
        name.test: HTTP_TEST.format(
            function=name.function,
            imports=_imports(
                [
                    (".".join((*name.folder.parts, "func")), name.name),
                    ("tests.functions.asgi_client", "Functions"),
                ]
            ),
            name=name.name,
            method=route.method,
            path=example,
            body=body,
        ),
    }


def event_class(type_name: str, name: str, base: str) -> str:
    """The source of a new event type's class."""
    return EVENT_CLASS.format(name=name, base=base, type=type_name)


def class_name(type_name: str) -> str:
    """The class name of an event type: `eco2.scan.rules.matched` → `RulesMatched`."""
    return "".join(map(str.capitalize, type_name.split(".")[2:]))


def _imports(wanted: list[tuple[str, str]]) -> str:
    modules = sorted({module for module, _ in wanted})
    names = {module: sorted({name for of, name in wanted if of == module}) for module in modules}
    return "\n".join(f"from {module} import {', '.join(names[module])}" for module in modules)


EVENT = '''\
"""{type} → say here what comes of it."""

from __future__ import annotations

{logging}{imports}
{log}

@event_function({declared}, timeout=15)
async def {name}(event: {event}) -> {answer}:
    """{promise}, however often it is delivered."""
{body}


new = {name}.new
'''
LOG = "\nlog = logging.getLogger(__name__)\n"
EVENT_TEST = '''\
"""{function} keeps the contract of event functions."""

from __future__ import annotations

from tests.functions.contract import EventFunctionContract


class Test{type}(EventFunctionContract):
    name = "{function}"
'''
HTTP = '''\
"""{method} {path}: say here what it answers."""

from __future__ import annotations

from pydantic import BaseModel

from functions.runtime import User, http_function


class {type}(BaseModel):
    """What the caller is told."""

{fields}    user_id: str


@http_function("{method} {path}")
async def {name}({parameters}user: User) -> {type}:
    """Who asks, for a start; only who is signed in gets here."""
    return {type}({answer}user_id=user.id)


new = {name}.new
'''
HTTP_TEST = '''\
"""{function} as its callers see it."""

from __future__ import annotations

{imports}


async def test_it_answers_who_is_signed_in_and_nobody_else() -> None:
    functions = Functions({{}})
    answer = await functions.call({name}, "{method}", "{path}", user="u1")
    stranger = await functions.call({name}, "{method}", "{path}")
    await functions.close()
    assert answer.status_code == 200
    assert answer.json() == {{{body}"user_id": "u1"}}
    assert stranger.status_code == 401
'''
EVENT_CLASS = '''

class {name}({base}):
    """Say here what has happened."""

    type: ClassVar[str] = "{type}"
'''
