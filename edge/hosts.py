"""The names that the public port answers to (RFC 9110, 7.4).

A page whose own name is pointed at this address after it was loaded (DNS rebinding) is of one origin with it for the
browser: what tells it from a page of ours is the Host that its requests name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from edge.fields import Fields, lua_matched

_NAME = r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]"

# Read when Envoy starts, as origins are (edge.origins).
_KNOWN = """
local known = {}
for text in (os.getenv("ECO2_HOSTS") or ""):gmatch("[^,%s]+") do
  if not (text:match("^[%w.-]+$") or text:match("^%[[%x:.]+%]$")) then
    error("ECO2_HOSTS: '" .. text .. "' is no name of a host; write names without ports, such as api.example")
  end
  known[text:lower()] = true
end
local here = os.getenv("ECO2_ENV") == "local"
if not here and next(known) == nil then
  error("ECO2_HOSTS is empty: write the names under which the API is reached, comma separated")
end

function envoy_match(authority)
  local host = authority:lower():gsub(":%d+$", "")
  if known[host] then
    return true
  end
  return here and (
    host == "localhost" or host == "[::1]" or host:match("^127%.%d+%.%d+%.%d+$") ~= nil
    or host:match("^[%w.-]+%.localhost$") ~= nil
  )
end
"""


def check_hosts(names: Iterable[str]) -> None:
    """Say before Envoy does what is wrong with ECO2_HOSTS. Raises ValueError naming what is no host's name."""
    for name in names:
        if not re.fullmatch(_NAME, name):
            raise ValueError(
                f"ECO2_HOSTS: {name!r} is no name of a host; write names without ports, such as api.example"
            )


def two_hosts() -> Fields:
    """Matches what Envoy makes of a request with two Host fields (RFC 9112, 3.2)."""
    return {"name": ":authority", "string_match": {"contains": ","}}


def known_host() -> Fields:
    """Matches requests to a name that is served."""
    return {"name": ":authority", "string_match": lua_matched(_KNOWN)}


def unknown_host() -> Fields:
    """Matches the others."""
    return known_host() | {"invert_match": True}
