"""The picture of the graph in docs/chat-graph.md, drawn from the graph itself."""

from __future__ import annotations

from typing import Any, cast

from functions.chat.graph.build import AgentNodes, build
from functions.chat.graph.policies import POLICIES, REQUIRED


def page() -> str:
    """The content of docs/chat-graph.md: the graph as Mermaid, and the policy of each branch."""
    nobody = cast("Any", None)  # the picture needs the nodes' names only
    nodes = AgentNodes(nobody, nobody, {}, nobody, nobody)
    picture = build(nodes).get_graph().draw_mermaid().strip()
    rows = [
        f"| `{name}` | {policy.timeout_s:g} | {policy.attempts} | {policy.priority} "
        f"| {'yes' if name in REQUIRED else ''} |"
        for name, policy in POLICIES.items()
    ]
    return "\n".join(
        [
            "# The graph of a turn",
            "",
            "```mermaid",
            picture,
            "```",
            "",
            "`branch` runs once for each part of the question, all at the same time:",
            "",
            "| branch | seconds | attempts | place in the answer | its absence is told |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
