"""The events that leave sign-in with the rows they tell of. Table `auth.outbox`."""

from __future__ import annotations

from functions.runtime.outgoing import Outgoing


class AuthOutgoing(Outgoing):
    """New users and logins, ended logins, deleted accounts."""

    schema = "auth"
