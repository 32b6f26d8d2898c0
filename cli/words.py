"""What commands say to people, in Korean and English; answers about waste stay Korean.

The language is that of `--lang`, else of ECO2_LANG, else of the terminal's locale.
"""

from __future__ import annotations

import os
from typing import Literal, get_args

import click

from cli.settings import CommandSettings
from process.settings import SettingsError, read

Language = Literal["en", "ko"]
LANGUAGES = get_args(Language)
_CHOSEN = "cli.words"


def choose(context: click.Context, language: Language) -> None:
    """Speak this language in this command and those below it."""
    context.meta[_CHOSEN] = language


def language() -> str:
    """The language of this command."""
    context = click.get_current_context(silent=True)
    if context and _CHOSEN in context.meta:
        return str(context.meta[_CHOSEN])
    try:
        set_here = read(CommandSettings, os.environ).lang
    except SettingsError:
        set_here = ""
    if set_here in LANGUAGES:
        return set_here
    locale = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if locale.startswith("ko") else "en"


def word(name: str, **values: object) -> str:
    """The words of that name, with values put in."""
    korean, english = WORDS[name]
    return (korean if language() == "ko" else english).format(**values)


WORDS = {
    "uploading": ("올리는 중", "uploading"),
    "queued": ("접수", "accepted"),
    "vision": ("사진 보는 중", "looking at the photo"),
    "rule": ("배출 규정 찾는 중", "finding the rule"),
    "answer": ("답변 쓰는 중", "writing the answer"),
    "reward": ("캐릭터 확인 중", "looking for a character"),
    "done": ("완료", "done"),
    "error": ("오류", "error"),
    "guide": ("분리배출 안내", "How to dispose of it"),
    "missing": ("더 해야 할 일", "Still to do"),
    "source": ("근거", "Source"),
    "owned": ("이미 함께하는 친구예요", "Already a friend of yours"),
    "won": ("새 캐릭터를 얻었어요!", "You won a new character!"),
    "other_model": (
        "{asked} 모델이 응답하지 않아 다른 모델({others})이 답했어요",
        "{asked} did not answer; another model did: {others}",
    ),
    "goes_on": ("작업은 계속됩니다: {job}", "job {job} goes on"),
    "see_job": ("보기: eco2 jobs show {job}", "see it: eco2 jobs show {job}"),
    "cancel_job": ("그만두기: eco2 jobs cancel {job}", "cancel it: eco2 jobs cancel {job}"),
    "no_platform": ("{home}에서 실행 중인 플랫폼이 없어요", "no platform runs in {home}"),
    "no_scans": (
        "아직 분석한 것이 없어요. eco2 scan PHOTO로 해 보세요",
        "no scans yet; try: eco2 scan PHOTO",
    ),
    "no_job": ("내 작업 중에 없어요: {job}", "there is no job {job} of yours"),
    "see_jobs": ("eco2 jobs로 확인하세요 (--user도)", "see: eco2 jobs (and --user)"),
    "in_progress": ("{job} 진행 중: {stage}, {percent} %", "{job} is in progress: {stage}, {percent} %"),
    "job_is": ("{job}: {status}", "{job} is {status}"),
    "job_goes_on": (
        "{job} 이어서 진행: 전달하지 못한 이벤트 {letter}번을 다시 보냈어요",
        "{job} goes on: dead letter {letter} was sent again",
    ),
    "job_began": (
        "같은 사진으로 새 작업을 시작했어요. 보기: eco2 jobs show {job}",
        "{job} began with the same picture; see: eco2 jobs show {job}",
    ),
    "no_letters": ("전달하지 못한 이벤트가 없어요", "no dead letters"),
    "no_such_letters": ("버릴 이벤트가 없어요", "none of them is there to discard"),
    "see_letters": ("eco2 dead-letters list로 확인하세요", "see: eco2 dead-letters list"),
    "letters_sent": ("{count}개를 다시 보냈어요", "sent {count} again"),
    "letters_discarded": ("{count}개를 버렸어요", "discarded {count}"),
    "stopped": ("껐어요", "stopped"),
    "is_ready": ("{url} 준비됐어요", "{url} is ready"),
    "is_not_ready": ("{url} 아직 준비되지 않았어요: {missing}", "{url} is not ready: {missing}"),
    "hazard": ("위험", "hazard"),
    "named": ("확인", "named"),
    "asked": ("되물음", "asks back"),
    "unknown": ("모름", "unknown"),
    "meant": ("혹시 {names}?", "did you mean {names}?"),
    "all_functions": ("전체 목록: eco2 functions", "all of them: eco2 functions"),
    "no_function": ("{wanted!r} 함수는 없어요", "no function {wanted!r}"),
    "no_type": ("{wanted} 이벤트는 없어요", "there is no event type {wanted}"),
    "start_it": (
        "eco2 up으로 켜세요 (또는 --home이나 --url을 주세요)",
        "start it with: eco2 up (or give --home or --url)",
    ),
    "no_answer": ("{url}에서 아무도 대답하지 않아요 ({error})", "nothing answers at {url} ({error})"),
    "start": ("eco2 up으로 켜세요", "start it with: eco2 up"),
    "serves": ("Eco²가 {url}에서 실행 중입니다", "Eco² serves at {url}"),
    "try_it": (
        "  브라우저로 열어 보세요. 터미널에서는: eco2 scan PHOTO    끄기: {stop}",
        "  open it in a browser, or try: eco2 scan PHOTO    stop: {stop}",
    ),
}
