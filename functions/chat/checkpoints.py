"""Checkpoints of the agent's graph: LangGraph's interface over the store that keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)

from functions.chat.checkpoint_store import CheckpointStore, Fields

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


class ChatCheckpointer(BaseCheckpointSaver[str]):
    """LangGraph's interface over a CheckpointStore."""

    def __init__(self, store: CheckpointStore) -> None:
        super().__init__()
        self.store = store

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The named checkpoint, or the newest of its thread and namespace."""
        thread, namespace = _place(config)
        fields = await self.store.fields(thread)
        wanted = get_checkpoint_id(config)
        kept = sorted(_checkpoints(fields, namespace))
        found = wanted if wanted in kept else (kept[-1] if kept and not wanted else None)
        return self._tuple(fields, thread, namespace, found) if found else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, the newest first, of one thread or of all that Redis holds."""
        threads = [config["configurable"]["thread_id"]] if config else await self.store.threads()
        wanted = get_checkpoint_id(config) if config else None
        until = get_checkpoint_id(before) if before else None
        left = limit
        for thread in threads:
            fields = await self.store.fields(thread)
            given = config["configurable"].get("checkpoint_ns") if config else None
            for namespace in [given] if given is not None else _namespaces(fields):
                for id in sorted(_checkpoints(fields, namespace), reverse=True):
                    if (wanted and id != wanted) or (until and id >= until):
                        continue
                    found = self._tuple(fields, thread, namespace, id)
                    if filter and any(found.metadata.get(key) != value for key, value in filter.items()):
                        continue
                    if left is not None and left <= 0:
                        return
                    left = None if left is None else left - 1
                    yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002
    ) -> RunnableConfig:
        """Keep a checkpoint with its values whole: they are small."""
        thread, namespace = _place(config)
        before = config["configurable"].get("checkpoint_id")
        values = {
            name: value
            for name, value in checkpoint["channel_values"].items()
            if name in checkpoint["channel_versions"]
        }
        kept = {**checkpoint, "channel_values": values}
        content = (kept, get_checkpoint_metadata(config, metadata), before)
        await self.store.put(thread, {_name("c", namespace, checkpoint["id"]): self._packed(content)})
        return _config(thread, namespace, checkpoint["id"])

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a task has written; of a task's ordinary writes the first counts."""
        thread, namespace = _place(config)
        id = config["configurable"]["checkpoint_id"]
        new: dict[bytes, bytes] = {}
        special: dict[bytes, bytes] = {}
        for place, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, place)
            name = _name("w", namespace, id, task_id, f"{index:+05d}")
            packed = self._packed((task_path, task_id, channel, value))
            (special if index < 0 else new)[name] = packed
        if special:
            await self.store.put(thread, special)
        if new:
            await self.store.put(thread, new, only_new=True)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        await self.store.delete(thread_id)

    async def settle(self, thread_id: str) -> None:
        """Keep only the newest checkpoint of a thread: after a turn nothing goes back to earlier ones."""
        fields = await self.store.fields(thread_id)
        newest = max(_checkpoints(fields, ""), default="")
        await self.store.drop(thread_id, [name for name in fields if _parts(name)[2] != newest])

    def _tuple(self, fields: Fields, thread: str, namespace: str, id: str) -> CheckpointTuple:
        checkpoint, metadata, before = self._unpacked(fields[_name("c", namespace, id)])
        writes = sorted(
            (self._unpacked(value)[0], _parts(name)[3:], self._unpacked(value))
            for name, value in fields.items()
            if _parts(name)[:3] == ["w", namespace, id]
        )
        return CheckpointTuple(
            config=_config(thread, namespace, id),
            checkpoint=checkpoint,
            metadata=metadata,
            parent_config=_config(thread, namespace, before) if before else None,
            pending_writes=[(task, channel, value) for _, _, (_, task, channel, value) in writes],
        )

    def _packed(self, value: Any) -> bytes:
        kind, content = self.serde.dumps_typed(value)
        return kind.encode() + b"\0" + content

    def _unpacked(self, packed: bytes) -> Any:
        kind, _, content = packed.partition(b"\0")
        return self.serde.loads_typed((kind.decode(), content))


def _name(*parts: str) -> bytes:
    return "\x1f".join(parts).encode()


def _parts(name: bytes) -> list[str]:
    return name.decode().split("\x1f")


def _checkpoints(fields: Fields, namespace: str) -> Iterator[str]:
    return (id for kind, space, id, *_ in map(_parts, fields) if (kind, space) == ("c", namespace))


def _namespaces(fields: Fields) -> list[str]:
    return sorted({space for kind, space, *_ in map(_parts, fields) if kind == "c"})


def _place(config: RunnableConfig) -> tuple[str, str]:
    return config["configurable"]["thread_id"], config["configurable"].get("checkpoint_ns", "")


def _config(thread: str, namespace: str, id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": id}}
