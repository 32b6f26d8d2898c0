"""What is left after a loss: PostgreSQL restored from its archive or taken over by its replica, rehearsed for real."""
