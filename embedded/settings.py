"""Settings of the embedded platform."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """What `eco2 up` is told by its environment where its command line does not."""

    home: str = setting(".eco2", "embedded platform: folder with its data and logs")
    port: int = setting(8080, "embedded platform: its public port on loopback", most=65_535)
    broker: str = setting("embedded", "embedded platform: embedded or rabbitmq")
    processes: int = setting(0, "embedded platform: function host processes, 1 to 16; 0: by cores", most=16)
    edges: int = setting(
        1, "embedded platform: edge processes; each holds about 9,700 streams", least=1, most=8
    )
    rate_limits: str = setting(
        "",
        "embedded platform: `function=requests/seconds` or `function=off`, comma separated; "
        "`address` limits all that one address asks",
    )


@dataclass(frozen=True, slots=True)
class LocalIdentitySettings:
    """What the local identity provider knows the platform by."""

    identity_client: str = setting("eco2-local", "local identity provider: the client id it takes")
    identity_secret: Secret = setting(Secret(""), "local identity provider: that client's secret")
