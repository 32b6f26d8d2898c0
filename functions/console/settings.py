"""Settings of the console: where its page may send pictures to and show them from, and what one may watch."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Names, setting


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The addresses of pictures, which the page's content security policy names, and those of what is watched."""

    objects_url: str = setting("", "object store (S3 wire format) the client uploads to")
    cdn_url: str = setting("", "public prefix of the pictures' public copies")
    watch: bool = setting(True, "deliveries are told to those who may watch them")
    figures: Names = setting(
        (),
        "host:port of processes whose figures the console plots; a name stands for all of its addresses",
        pattern=r"[A-Za-z0-9.-]+:\d{1,5}",
        expected="host:port",
    )
