-- What the edge does that no filter of Envoy's does by itself: request ids and traces, CORS from the settings,
-- the canary header, RateLimit header fields, and problem documents in place of proxies' plain errors.
-- Settings: ECO2_CORS_ORIGINS, ECO2_ENV (the same as for the functions). Tests: tests/edges, tests/platform.

local METHODS = "GET, POST, PATCH, DELETE, PUT, OPTIONS"
local REQUEST_HEADERS = "Content-Type, X-Frontend-Origin, Idempotency-Key, X-Idempotency-Key, Authorization, "
  .. "X-Refresh-Token, Last-Event-ID, X-Request-Id"
local EXPOSED = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Location, ETag"
local KEPT = "eco2.edge" -- dynamic metadata: what the answer needs to know of its request

local origins = {}
for text in (os.getenv("ECO2_CORS_ORIGINS") or ""):gmatch("[^,%s]+") do
  local origin = text:gsub("/$", "")
  if not origin:match("^https?://[^/*%s]+$") then
    error("ECO2_CORS_ORIGINS: '" .. text .. "' is no origin; write https://host[:port]")
  end
  origins[origin] = true
end
local loopback = os.getenv("ECO2_ENV") == "local"

local function on_this_machine(origin)
  local host = origin:match("^https?://(.+)$")
  if not host then
    return false
  end
  host = host:gsub(":%d%d?%d?%d?%d?$", "")
  return host == "localhost"
    or host == "[::1]"
    or host:match("^127%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$") ~= nil
    or host:match("^[a-z0-9-]+%.localhost$") ~= nil
end

local function allows(origin)
  return origins[origin] or (loopback and on_this_machine(origin))
end

-- 32 hexadecimal digits of the random UUID that Envoy has put into a header.
local function taken(headers, name)
  local digits = (headers:get(name) or ""):gsub("-", "")
  headers:remove(name)
  return digits
end

local function is_trace(text)
  local trace, span = text:match("^00%-(%x+)%-(%x+)%-%x%x$")
  return trace ~= nil
    and #trace == 32
    and #span == 16
    and text == text:lower()
    and not trace:match("^0+$")
    and not span:match("^0+$")
end

local function identify(headers)
  local fresh_id, fresh_trace, fresh_span =
    taken(headers, "x-edge-id"), taken(headers, "x-edge-trace"), taken(headers, "x-edge-span")
  local id = headers:get("x-request-id") or ""
  if #id < 8 or #id > 128 or not id:match("^[%w._-]+$") then
    headers:replace("x-request-id", fresh_id)
  end
  if not is_trace(headers:get("traceparent") or "") then
    headers:replace("traceparent", "00-" .. fresh_trace .. "-" .. fresh_span:sub(17) .. "-01")
    headers:remove("tracestate")
  end
end

local function with_origin(headers, origin)
  headers:replace("vary", "Origin")
  if origin and allows(origin) then
    headers:replace("access-control-allow-origin", origin)
    headers:replace("access-control-allow-credentials", "true")
    headers:replace("access-control-expose-headers", EXPOSED)
  end
end

local function preflight(headers, origin)
  headers:replace("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
  if allows(origin) then
    headers:replace("access-control-allow-origin", origin)
    headers:replace("access-control-allow-credentials", "true")
    headers:replace("access-control-allow-methods", METHODS)
    headers:replace("access-control-allow-headers", REQUEST_HEADERS)
    headers:replace("access-control-max-age", "600")
  end
end

function envoy_on_request(handle)
  local headers, route = handle:headers(), handle:metadata()
  identify(headers)
  if headers:get("x-canary") == "true" then
    headers:replace("knative-serving-tag", "canary")
  end
  local kept = handle:streamInfo():dynamicMetadata()
  local method, origin = headers:get(":method"), headers:get("origin")
  kept:set(KEPT, "path", (headers:get(":path"):gsub("%?.*$", "")))
  kept:set(KEPT, "method", method)
  kept:set(KEPT, "id", headers:get("x-request-id"))
  if origin then
    kept:set(KEPT, "origin", origin)
  end
  local asked = method == "OPTIONS" and origin and headers:get("access-control-request-method")
  if asked and not route:get("own_cors") then
    kept:set(KEPT, "preflight", true)
    handle:respond({ [":status"] = allows(origin) and "204" or "403" }, "")
  end
end

-- Only the edge says who is calling, which pages may read answers, and what serves them.
local function internal(name)
  return name == "x-user-id"
    or name == "vary"
    or name == "server"
    or name:match("^x%-auth%-")
    or name:match("^x%-envoy%-")
    or name:match("^access%-control%-")
end

local function limited(headers, route)
  local left = headers:get("x-ratelimit-remaining")
  headers:remove("x-ratelimit-limit")
  headers:remove("x-ratelimit-remaining")
  headers:remove("x-ratelimit-reset")
  if not left or not route:get("quota") then
    return
  end
  local quota, window = tonumber(route:get("quota")), tonumber(route:get("window_s"))
  local wait = math.ceil(window / quota) -- buckets fill continuously: the next token comes within this time
  local name = '"' .. route:get("function") .. '"'
  headers:replace("ratelimit-policy", string.format("%s;q=%d;w=%d", name, quota, window))
  headers:replace("ratelimit", string.format("%s;r=%d;t=%d", name, tonumber(left), wait))
  if headers:get(":status") == "429" then
    headers:replace("retry-after", tostring(wait))
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\\127-\255]', function(char)
    return string.format("\\u%04x", char:byte())
  end) .. '"'
end

-- An error that no function wrote (Knative's activator or queue-proxy, its ingress) is text for operators.
local function explain(handle, headers, kept)
  local status, kind = tonumber(headers:get(":status")), headers:get("content-type") or ""
  if (status < 500 and status ~= 404) or kind:match("^application/") then
    return
  end
  local title, code, detail = "Service Unavailable", "UPSTREAM_UNAVAILABLE", "The service is starting or restarting; try again shortly."
  if status == 504 then
    title, code, detail = "Gateway Timeout", "UPSTREAM_TIMEOUT", "The answer took too long."
  else
    status = 503
  end
  headers:replace(":status", tostring(status))
  headers:replace("content-type", "application/problem+json")
  headers:replace("retry-after", "2")
  headers:remove("content-encoding")
  if kept.method == "HEAD" then
    headers:remove("content-length")
    return
  end
  handle:body(true):setBytes(string.format(
    '{"type":"about:blank","title":%s,"status":%d,"detail":%s,"instance":%s,"code":%s,"request_id":%s}',
    quoted(title), status, quoted(detail), quoted(kept.path), quoted(code), quoted(kept.id)
  ))
end

function envoy_on_response(handle)
  local headers, route = handle:headers(), handle:metadata()
  local kept = handle:streamInfo():dynamicMetadata():get(KEPT)
  if not kept then
    return -- refused before the request was understood
  end
  if route:get("own_cors") then
    return
  end
  local dropped = {}
  for name in pairs(headers) do
    if internal(name) then
      dropped[#dropped + 1] = name
    end
  end
  for _, name in ipairs(dropped) do
    headers:remove(name)
  end
  if kept.preflight then
    preflight(headers, kept.origin)
    return
  end
  with_origin(headers, kept.origin)
  limited(headers, route)
  explain(handle, headers, kept)
end
