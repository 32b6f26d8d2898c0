"""The broker of one machine: Knative's contract over a journal in PostgreSQL, dispatching from memory."""
