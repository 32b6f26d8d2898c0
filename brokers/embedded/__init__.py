"""The embedded broker: Knative's contract over a journal in PostgreSQL, dispatching from memory."""
