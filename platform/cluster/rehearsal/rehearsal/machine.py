"""The machines of a rehearsal: one of each pool that differs by how it joins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: its name in the inventory and its address on the rehearsal's wire."""

    name: str
    address: str

    @property
    def pool(self) -> str:
        """`worker-ai` of `worker-ai-1`."""
        return self.name.rpartition("-")[0]

    @property
    def given_name(self) -> str:
        """What a cloud calls a machine before anybody has named it."""
        return f"ip-{self.address.replace('.', '-')}"


MACHINES = (
    Machine("control-plane-1", "10.98.0.11"),
    Machine("general-1", "10.98.0.12"),
    Machine("worker-ai-1", "10.98.0.13"),
)
FIRST, GENERAL = MACHINES[0], MACHINES[1]
