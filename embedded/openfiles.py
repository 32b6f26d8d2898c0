"""How many files and sockets a process may have open."""

from __future__ import annotations

import resource

WANTED = 65_536


def raise_limit() -> int:
    """Raise the soft limit as far as this user may (the hard one too, where allowed); the limit then.

    Children inherit it. Many systems start with 1,024, which is 500 event streams.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (WANTED, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
