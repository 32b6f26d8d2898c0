"""The progress relay carries a job's progress from the stage that makes it to the browser that shows it.

stage → ProgressStreams (one Lua script: number, stream, history) → Router (streams to Pub/Sub) → Gateway (SSE).
Redis carries it and may be lost at any time; the truth is in PostgreSQL.
"""
