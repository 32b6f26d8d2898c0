"""The agent's graph: intent, picture, branches in parallel, what they found together, the answer."""
