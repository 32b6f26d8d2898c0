"""The production cluster's nodes as data: what they cost, and what the loss of one stops."""
