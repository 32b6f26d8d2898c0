"""All images of the cluster, by short name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from localcluster import function_image, program_image
from localcluster.archive import Image
from localcluster.programs import PROGRAMS

FUNCTIONS = "functions"
_ON_THE_NODE = {"etcd", "kubectl", "coredns", "topology-operator", "kubelet"}


@dataclass(frozen=True, slots=True)
class Images:
    """Short name → image; references by digest."""

    by_name: dict[str, Image]

    @classmethod
    def build(cls, report: Callable[[str], None]) -> Self:
        """Build what changed. Raises ClusterError."""
        built = {FUNCTIONS: function_image.build(report), "envoy": program_image.envoy(report)}
        built["pause"] = program_image.pause(report)
        for program in PROGRAMS:
            if program.name not in _ON_THE_NODE and not program.name.startswith("kube-"):
                built[program.name] = program_image.build(program.name, program.path, report)
        return cls(built)

    def __getitem__(self, name: str) -> Image:
        return self.by_name[name]

    def values(self) -> Iterable[Image]:
        """Every image."""
        return self.by_name.values()

    def reference(self, name: str) -> str:
        """For manifests. A program that is not built is one that nothing here starts."""
        return self.by_name[name].pinned if name in self.by_name else f"eco2.local/{name}:not-built"
