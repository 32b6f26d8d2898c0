"""Chat: conversations with 이코, each message answered in a turn by the agent."""
