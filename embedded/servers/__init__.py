"""Servers of the platform as plain child processes: PostgreSQL, Valkey, RabbitMQ and Envoy.

Each is a dataclass of one anatomy: `launch` starts the process, again at the same address when it ran before,
`wait_ready` returns when it serves, `start` does both, `stop` ends it in order; `url` is where it serves. All run in
the foreground, die with the process that started them and keep their data in the folder they are given.
"""
