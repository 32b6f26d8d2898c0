"""What can go wrong in a way that the user can do something about."""


class ClusterError(RuntimeError):
    """The message says what is wrong and what to do."""
