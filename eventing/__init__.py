"""CloudEvents between functions: values, catalogue, publisher, outbox, and the progress relay."""
