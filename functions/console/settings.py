"""Settings of the console: where its page may send pictures to and show them from, and whether one may watch."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The addresses of pictures, which the page's content security policy names, and the switch of watching."""

    objects_url: str = setting("", "object store (S3 wire format) the client uploads to")
    cdn_url: str = setting("", "public prefix of the pictures' public copies")
    watch: bool = setting(True, "deliveries are told to those who may watch them")
