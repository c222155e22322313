-- Puts logs that flushes append to, joined by the caller, behind the logs of their windows, and forgets them; or does
-- nothing, where one of them is no longer as the caller read it. What comes for the same time later begins them anew.
--
-- KEYS  1 list of the open logs (sorted set), 2 ends before which windows are closed (hash), 3 what came late for closed
--       windows (hash); then each open log; then for each window its log and the lists that it is entered in (sorted sets)
-- ARGV  1 open logs, 2 contents, 3 windows, 4 id of this append (8 bytes); then
--       an open log: its member of the list, bytes that it had, its id (its first 8 bytes)
--       a content: what to append
--       a window: its size where it may be closed, or '', end, keep until (0: for ever), number of its content, how much
--                 that is where it comes late, number of lists; then for each list its member there and the score
-- Returns 'changed'; or 'rolled' and the bytes of each window's log, 0 where it is closed or forgotten.

local MAX = 9007199254740991
-- Redis refuses longer strings (proto-max-bulk-len).
local MAX_LOG = 536870912
local call = redis.call
local now = tonumber(call('TIME')[1])
local at, key_at = 4, 3

local function refuse(what, value)
  error({ err = 'SPARGUMENT roll-logs: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text, least, most)
  local value = tonumber(text)
  if not (value and value >= least and value <= most and value % 1 == 0) then refuse(what, text) end
  return value
end

local function text(what)
  at = at + 1
  if not ARGV[at] then refuse(what, 'missing') end
  return ARGV[at]
end

local function key(what)
  key_at = key_at + 1
  if not KEYS[key_at] then refuse(what, 'missing') end
  return KEYS[key_at]
end

if #KEYS < 3 or #ARGV < 4 then refuse('the number of arguments', #ARGV) end
local opens = integer('open logs', ARGV[1], 1, MAX)
local contents = integer('contents', ARGV[2], 1, MAX)
local windows = integer('windows', ARGV[3], 1, MAX)
local id = ARGV[4]
if #id ~= 8 then refuse('the length of an id', #id) end
call('ZCARD', KEYS[1])
call('HLEN', KEYS[2])
call('HLEN', KEYS[3])

local open, is_changed = {}, false
for i = 1, opens do
  local log, member = key('an open log'), text('member of the list')
  local bytes, log_id = integer('bytes', text('bytes'), 8, MAX), text('id')
  if #log_id ~= 8 then refuse('the length of an id', #log_id) end
  if call('STRLEN', log) ~= bytes or call('GETRANGE', log, 0, 7) ~= log_id then is_changed = true end
  open[i] = { log = log, member = member }
end
local content = {}
for i = 1, contents do content[i] = text('content') end

local answer, appends, late = { 'rolled' }, {}, {}
for i = 1, windows do
  local log, size = key('the log of a window'), text('size')
  local finish = integer('end', text('end'), -MAX, MAX)
  local keep_until = integer('keep until', text('keep until'), 0, MAX)
  local bytes = content[integer('number of its content', text('content'), 1, contents)]
  local amount = integer('how much it is', text('amount'), 0, MAX)
  local lists = {}
  for j = 1, integer('number of lists', text('lists'), 0, MAX) do
    local list = key('a list')
    call('ZCARD', list)
    lists[j] = { list = list, member = text('member'), score = integer('score', text('score'), -MAX, MAX) }
  end
  local length = call('STRLEN', log)
  if length + 8 + #bytes > MAX_LOG then refuse('bytes for ' .. log, #bytes) end
  local closed = size ~= '' and call('HGET', KEYS[2], size)
  if (closed and finish <= integer('closing', closed, -MAX, MAX)) or (keep_until > 0 and keep_until <= now) then
    answer[i + 1] = 0
    if size ~= '' then late[#late + 1] = { size = size, amount = amount } end
  else
    answer[i + 1] = length + #bytes + (length == 0 and 8 or 0)
    appends[#appends + 1] = { log = log, is_new = length == 0, bytes = bytes, keep_until = keep_until, lists = lists }
  end
end
if at ~= #ARGV or key_at ~= #KEYS then refuse('the number of arguments', #ARGV) end
if is_changed then return 'changed' end

for _, window in ipairs(appends) do
  if window.is_new then call('APPEND', window.log, id) else call('SETRANGE', window.log, 0, id) end
  call('APPEND', window.log, window.bytes)
  if window.keep_until > 0 then call('EXPIREAT', window.log, window.keep_until) end
  for _, list in ipairs(window.lists) do call('ZADD', list.list, 'GT', list.score, list.member) end
end
for _, window in ipairs(late) do call('HINCRBY', KEYS[3], window.size, window.amount) end
for _, each in ipairs(open) do
  call('UNLINK', each.log)
  call('ZREM', KEYS[1], each.member)
end
return answer
