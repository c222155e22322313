-- Applies one slot's part of a flush in one step: counts, sources, names, digests, offsets, watermarks and the ledger
-- together, or nothing at all. Lua does not roll back, so everything is read and checked before the first write. What it does to
-- names, gaps and offsets is said in TypeScript in core/fence/fence-slot.ts; tests hold the two together.
--
-- KEYS  1 offsets (hash), 2 watermarks (hash), 3 totals (hash), 4 lanes (sorted set), 5 lives (hash), 6 unobserved intervals
--       (sorted set), 7 minutes of counts (sorted set), 8 quarters of sources (sorted set); then the hash of each lane; then
--       the log of each minute of counts; then the log of each quarter of sources.
-- ARGV  1 seconds that a lane is kept after its epoch's last batch (0: for ever); 2-11 how many spans, lanes, batches,
--       losses, lives, watermarks, totals, minutes of counts, quarters of sources, known names; 12 id of this
--       append to a log (8 bytes); then
--       a span: field, from, to
--       a lane: member of lanes, packets that the kernel dropped in its epoch
--       a known name: number of its lane in this call, batch number; where it is not there, the slot is behind
--       a batch: number of its lane in this call, batch number, digest, frames, frames of the lane before it, closed at
--       a loss: number of its lane, 'epoch-end' or 'spool-drop', from, to, frames, closed at; the ends of a batch first
--       a life: sensor, started, closed in milliseconds; the oldest first
--       a watermark: sensor, seconds (one a sensor)
--       a total: field, addend (one a field)
--       a minute of counts: start, member of minutes, packets, until when its minute, its hour, its day of UTC, and the last
--                 of all its windows are kept (0: for ever), what to append
--       a quarter of sources: start, member of quarters, what to append
-- Returns {'applied', size, expired packets, ...}; {'seen', 0-based index of a batch, 'same' where the digest is the same
--       or no longer kept, 'other', or 'closed', ...}; {'behind', 0-based index of a span, stored offset}; or an error.

local MAX_NUMBER = 2147483648
local MAX_SUM = 9007199254740991
local DIGESTS_KEPT = 1000
local RANGES_KEPT = 1000
local CLOSURES_KEPT = 1000
local INTERVALS_KEPT = 1000
-- A lane whose epoch was not declared to be over is kept this many times as long: its sensor may only be quiet.
local OPEN_LANE_FACTOR = 4
-- Values that unpack may put on Lua's stack, with room to spare below its limit of 8,000.
local CHUNK = 3000

-- Redis refuses longer strings (proto-max-bulk-len).
local MAX_LOG = 536870912

local call = redis.call
local log_id = ARGV[12]
local now = tonumber(call('TIME')[1])
local at = 12

local function refuse(what, value)
  error({ err = 'SPARGUMENT apply-slot: ' .. what .. ' is ' .. tostring(value) })
end

local function integer(what, text, least, most)
  local value = tonumber(text)
  if not (value and value >= least and value <= most and value % 1 == 0) then refuse(what, text) end
  return value
end

local function text(what)
  at = at + 1
  local value = ARGV[at]
  if not value then refuse(what, 'missing') end
  return value
end

local function take(what, least, most)
  return integer(what, text(what), least, most)
end

-- A range is {from, to, frames before, frames at its end, first closed at, last closed at}.
local function parse_ranges(ranges_text)
  local ranges = {}
  for from, to, before, last, first_closed, last_closed in
    string.gmatch(ranges_text, '(%d+)%-(%d+):(%d+)%-(%d+):(%d+)%-(%d+)') do
    ranges[#ranges + 1] = {
      tonumber(from), tonumber(to), tonumber(before), tonumber(last), tonumber(first_closed), tonumber(last_closed)
    }
  end
  return ranges
end

local function format_ranges(ranges)
  local parts = {}
  for i, range in ipairs(ranges) do parts[i] = string.format('%d-%d:%d-%d:%d-%d', unpack(range)) end
  return table.concat(parts, ',')
end

-- A closure is {kind, from, to, frames, closed at}.
local function parse_closures(closures_text)
  local closures = {}
  for kind, from, to, frames, closed in string.gmatch(closures_text, '(%a+):(%d+)%-(%d+):(%d+):(%d+)') do
    closures[#closures + 1] = { kind, tonumber(from), tonumber(to), tonumber(frames), tonumber(closed) }
  end
  return closures
end

local function format_closures(closures)
  local parts = {}
  for i = math.max(1, #closures - CLOSURES_KEPT + 1), #closures do
    parts[#parts + 1] = string.format('%s:%d-%d:%d:%d', unpack(closures[i]))
  end
  return table.concat(parts, ',')
end

-- Index of the first range whose end is not below the number.
local function first_ending(ranges, number)
  local low, high = 1, #ranges + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if ranges[middle][2] < number then low = middle + 1 else high = middle end
  end
  return low
end

local function has_number(ranges, number)
  local range = ranges[first_ending(ranges, number)]
  return range ~= nil and range[1] <= number
end

local function is_closed(closures, number)
  for i = math.max(1, #closures - CLOSURES_KEPT + 1), #closures do
    if closures[i][2] <= number and number <= closures[i][3] then return true end
  end
  return false
end

-- Enters numbers that are not there; `before` is the frames before them, or nil where the neighbours say it.
local function add_entry(ranges, from, to, frames, before, closed)
  local i = first_ending(ranges, from)
  local left, right = ranges[i - 1], ranges[i]
  if left and left[2] ~= from - 1 then left = nil end
  if right and right[1] ~= to + 1 then right = nil end
  local least = i > 1 and ranges[i - 1][4] or 0
  if before then
    if left then before = math.max(before, least) end
  elseif left or not right then
    before = least
  else
    before = math.max(0, right[3] - frames)
  end
  local last = before + frames
  local joined = {
    left and left[1] or from,
    right and right[2] or to,
    left and left[3] or before,
    right and math.max(right[4], last) or last,
    left and left[5] or closed,
    right and right[6] or closed
  }
  if left and right then
    table.remove(ranges, i)
    ranges[i - 1] = joined
  elseif left then
    ranges[i - 1] = joined
  elseif right then
    ranges[i] = joined
  else
    table.insert(ranges, i, joined)
  end
end

-- What is missing, as {from, to, frames, whether a batch behind it is known}; up to a last number where one is given.
local function holes_of(ranges, end_number, end_frames)
  local holes = {}
  local number, frames = 0, 0
  for _, range in ipairs(ranges) do
    if range[1] > number + 1 then
      holes[#holes + 1] = { number + 1, range[1] - 1, math.max(0, range[3] - frames), true }
    end
    number, frames = range[2], range[4]
  end
  if end_number and end_number > number then
    holes[#holes + 1] = { number + 1, end_number, math.max(0, end_frames - frames), false }
  end
  return holes
end

local function captured_of(of)
  local last = of.ranges[#of.ranges]
  return math.max(last and last[4] or 0, of.end_frames or 0)
end

local function gap_of(of)
  local sum = 0
  for _, hole in ipairs(holes_of(of.ranges, of.end_number, of.end_frames)) do sum = sum + hole[3] end
  return sum
end

-- Enters numbers as seen that will never come, and answers their frames.
local function close(of, kind, from, to, frames, closed)
  local before
  if of.end_number == to then before = math.max(0, of.end_frames - frames) end
  add_entry(of.ranges, from, to, frames, before, closed)
  of.closures[#of.closures + 1] = { kind, from, to, frames, closed }
  return frames
end

local function close_dropped(of, from, to, declared, closed)
  local sum = 0
  local last_number = math.max(to, of.end_number or 0)
  for _, hole in ipairs(holes_of(of.ranges, last_number, of.end_frames or 0)) do
    local first, last = math.max(from, hole[1]), math.min(to, hole[2])
    if first <= last then
      local is_whole = first == hole[1] and last == hole[2]
      local is_measured = is_whole and (hole[4] or of.end_number == last)
      local share = math.floor(declared * (last - first + 1) / (to - from + 1))
      sum = sum + close(of, 'dropped', first, last, is_measured and hole[3] or share, closed)
    end
  end
  return sum
end

local function close_lowest(of, closed)
  local sum = 0
  while #of.ranges > RANGES_KEPT do
    local first, second = of.ranges[1], of.ranges[2]
    sum = sum + close(of, 'lost', first[2] + 1, second[1] - 1, math.max(0, second[3] - first[4]), closed)
  end
  return sum
end

-- Sums of stored values and addends, as flat lists of field and sum for HSET; nothing is written.
local function sums(key, fields, addends, count)
  local writes = {}
  for first = 1, count, CHUNK do
    local last = math.min(first + CHUNK - 1, count)
    local stored = call('HMGET', key, unpack(fields, first, last))
    local write, n = {}, 0
    for i = first, last do
      local sum = addends[i]
      local before = stored[i - first + 1]
      if before then
        local value = tonumber(before)
        if not (value and value >= 0 and value % 1 == 0 and value + sum <= MAX_SUM) then
          refuse('the sum of ' .. fields[i] .. ' in ' .. key, before)
        end
        sum = value + sum
      end
      write[n + 1], write[n + 2] = fields[i], string.format('%d', sum)
      n = n + 2
    end
    writes[#writes + 1] = write
  end
  return writes
end

-- What is to be appended to a log, which is read here: nothing below can be refused for it.
local function take_log(key)
  local bytes = text('what to append')
  local length = call('STRLEN', key)
  if #bytes == 0 or length + #log_id + #bytes > MAX_LOG then refuse('bytes for ' .. key, #bytes) end
  return { key = key, is_new = length == 0, bytes = bytes }
end

-- 1. Arguments and stored state: reading a key of another type is an error here, before any write.

if #ARGV < 12 then refuse('the number of arguments', #ARGV) end
local lane_seconds = integer('lane seconds', ARGV[1], 0, MAX_SUM)
local count = {}
for i = 2, 11 do count[i] = integer('count ' .. i, ARGV[i], 0, 1048576) end
local spans, lanes, batches, losses, lives, watermarks, totals, minutes, quarters, known = unpack(count, 2, 11)
if #log_id ~= 8 then refuse('the length of an id', #log_id) end
-- Keys before those of the lanes.
local FIXED = 8
if #KEYS ~= FIXED + lanes + minutes + quarters then refuse('the number of keys', #KEYS) end
for _, i in ipairs({ 4, 6, 7, 8 }) do call('ZCARD', KEYS[i]) end

if known > 0 and spans == 0 then refuse('the number of spans', spans) end
local behind, first_stored
local offset_writes = {}
for i = 1, spans do
  local field = text('span field')
  local from = take('from', 0, MAX_SUM)
  local to = take('to', from, MAX_SUM)
  local stored = integer('stored offset', call('HGET', KEYS[1], field) or '0', 0, MAX_SUM)
  first_stored = first_stored or stored
  if stored < from and not behind then behind = { 'behind', i - 1, stored } end
  if to > stored then
    offset_writes[#offset_writes + 1] = field
    offset_writes[#offset_writes + 1] = ARGV[at]
  end
end
call('HLEN', KEYS[1])

local lane = {}
for i = 1, lanes do
  local key = KEYS[FIXED + i]
  local stored = call('HMGET', key, 'ranges', 'closed', 'end', 'kernel')
  local ranges, closures = parse_ranges(stored[1] or ''), parse_closures(stored[2] or '')
  if format_ranges(ranges) ~= (stored[1] or '') then refuse('ranges of ' .. key, stored[1]) end
  if format_closures(closures) ~= (stored[2] or '') then refuse('closed numbers of ' .. key, stored[2]) end
  local end_number, end_frames = string.match(stored[3] or '', '^(%d+):(%d+)$')
  if stored[3] and not end_number then refuse('the end of ' .. key, stored[3]) end
  local of = {
    key = key, member = text('lane'), ranges = ranges, closures = closures, digests = {}, in_call = {},
    end_number = tonumber(end_number), end_frames = tonumber(end_frames),
    kernel = integer('stored kernel drops', stored[4] or '0', 0, MAX_SUM)
  }
  of.sensor = string.match(of.member, '^([^|]+)|')
  if not of.sensor then refuse('lane', of.member) end
  of.new_kernel = math.max(of.kernel, take('kernel drops', 0, MAX_SUM))
  of.captured, of.gap = captured_of(of), gap_of(of)
  lane[i] = of
end

for _ = 1, known do
  local of = lane[take('lane of a known name', 1, lanes)]
  local number = take('known number', 1, MAX_NUMBER)
  if not behind and not has_number(of.ranges, number) then behind = { 'behind', 0, first_stored } end
end

local seen = { 'seen' }
local entered = {}
local newest_closed = 0
for i = 1, batches do
  local of = lane[take('lane of a batch', 1, lanes)]
  local number = take('batch number', 1, MAX_NUMBER)
  local digest = text('digest')
  local frames = take('frames', 0, MAX_SUM)
  local before = take('frames before', 0, MAX_SUM)
  local closed = take('closed at', 0, MAX_SUM)
  newest_closed = math.max(newest_closed, closed)
  local residue = number % DIGESTS_KEPT
  local kept = of.digests[residue]
  if kept == nil then
    local stored = call('HGET', of.key, residue)
    local kept_number, kept_digest = string.match(stored or '0:', '^(%d+):(.*)$')
    if not kept_number then refuse('a digest of ' .. of.key, stored) end
    kept = { number = tonumber(kept_number), digest = kept_digest }
    of.digests[residue] = kept
  end
  local earlier = of.in_call[number]
  if has_number(of.ranges, number) then
    earlier = kept.number == number and kept.digest or ''
  end
  if is_closed(of.closures, number) then
    seen[#seen + 1] = i - 1
    seen[#seen + 1] = 'closed'
  elseif earlier then
    seen[#seen + 1] = i - 1
    seen[#seen + 1] = (earlier == '' or earlier == digest) and 'same' or 'other'
  else
    of.in_call[number] = digest
    of.is_changed = true
    entered[#entered + 1] = {
      lane = of, number = number, residue = residue, digest = digest, frames = frames, closed = closed,
      before = (before > 0 or number == 1) and before or nil
    }
  end
end

local declared = {}
for i = 1, losses do
  local of = lane[take('lane of a loss', 1, lanes)]
  local kind = text('kind of a loss')
  if kind ~= 'epoch-end' and kind ~= 'spool-drop' then refuse('the kind of a loss', kind) end
  local from = take('first number of a loss', 1, MAX_NUMBER + 1)
  local to = take('last number of a loss', kind == 'epoch-end' and 0 or from, MAX_NUMBER)
  local frames = take('frames of a loss', 0, MAX_SUM)
  of.is_changed = true
  declared[i] = {
    lane = of, kind = kind, from = from, to = to, frames = frames, closed = take('closed at', 0, MAX_SUM)
  }
end

local life_writes, interval_writes = {}, {}
local life_of = {}
for _ = 1, lives do
  local sensor = text('sensor of a life')
  local started, closed = take('started', 0, MAX_SUM), take('closed', 0, MAX_SUM)
  local last = life_of[sensor]
  if not last then
    local stored = call('HGET', KEYS[5], sensor)
    local last_started, last_closed = string.match(stored or '', '^(%d+) (%d+)$')
    if stored and not last_started then refuse('the life of ' .. sensor, stored) end
    last = { tonumber(last_started), tonumber(last_closed) }
  end
  if last[1] and started > last[1] and started > last[2] then
    interval_writes[#interval_writes + 1] = started
    interval_writes[#interval_writes + 1] = string.format('%s|%d|%d', sensor, last[2], started)
  end
  if not last[1] or started > last[1] or (started == last[1] and closed > last[2]) then last = { started, closed } end
  life_of[sensor] = last
end
for sensor, last in pairs(life_of) do
  life_writes[#life_writes + 1] = sensor
  life_writes[#life_writes + 1] = string.format('%d %d', last[1], last[2])
end
call('HLEN', KEYS[5])

local watermark_writes = {}
for _ = 1, watermarks do
  local sensor = text('sensor')
  local seconds = take('watermark', 0, MAX_SUM)
  local stored = integer('stored watermark', call('HGET', KEYS[2], sensor) or '0', 0, MAX_SUM)
  if seconds > stored then
    watermark_writes[#watermark_writes + 1] = sensor
    watermark_writes[#watermark_writes + 1] = seconds
  end
end
call('HLEN', KEYS[2])

local total_fields, total_addends = {}, {}
for i = 1, totals do
  total_fields[i] = text('total')
  total_addends[i] = take('addend', 0, MAX_SUM)
end
call('HLEN', KEYS[3])

local expired, applied = {}, { 'applied' }
local minute_writes, quarter_writes = {}, {}
local function is_past(keep_until)
  return keep_until > 0 and keep_until <= now
end
for i = 1, minutes do
  local start, member = take('start of a minute', 0, MAX_SUM), text('minute')
  local packets = take('packets', 1, MAX_SUM)
  for _, size in ipairs({ 'minute', 'hour', 'day' }) do
    if is_past(take('keep until', 0, MAX_SUM)) then expired[size] = (expired[size] or 0) + packets end
  end
  local is_forgotten = is_past(take('keep until', 0, MAX_SUM))
  local write = take_log(KEYS[FIXED + lanes + i])
  write.start, write.member = start, member
  if not is_forgotten then minute_writes[#minute_writes + 1] = write end
end
for i = 1, quarters do
  local start, member = take('start of a quarter', 0, MAX_SUM), text('quarter')
  local write = take_log(KEYS[FIXED + lanes + minutes + i])
  write.start, write.member = start, member
  quarter_writes[i] = write
end
if at ~= #ARGV then refuse('the number of arguments', #ARGV) end

for _, size in ipairs({ 'minute', 'hour', 'day' }) do
  local packets = expired[size]
  if packets then
    applied[#applied + 1] = size
    applied[#applied + 1] = packets
    total_fields[#total_fields + 1] = 'expired:' .. size
    total_addends[#total_addends + 1] = packets
  end
end
local total_writes = sums(KEYS[3], total_fields, total_addends, #total_fields)

-- 2. Answers that change nothing.

if behind then return behind end
if #seen > 1 then return seen end

-- 3. Lanes as they will be, and what that adds to the ledger. Its sums stop at what is exact rather than stop the slot.

local ledger = {}
local function book(sensor, entry, frames)
  local field = sensor .. '|' .. entry
  ledger[field] = (ledger[field] or 0) + frames
end

for _, batch in ipairs(entered) do
  add_entry(batch.lane.ranges, batch.number, batch.number, batch.frames, batch.before, batch.closed)
end
for _, loss in ipairs(declared) do
  local of = loss.lane
  if loss.kind == 'spool-drop' then
    book(of.sensor, 'dropped', close_dropped(of, loss.from, loss.to, loss.frames, loss.closed))
  elseif not of.end_number or loss.from - 1 > of.end_number then
    of.end_number, of.end_frames = loss.from - 1, loss.frames
  end
end
for _, of in ipairs(lane) do
  book(of.sensor, 'lost', close_lowest(of, newest_closed))
  book(of.sensor, 'kernel', of.new_kernel - of.kernel)
  book(of.sensor, 'captured', captured_of(of) - of.captured)
  book(of.sensor, 'gap', gap_of(of) - of.gap)
end
local ledger_writes = {}
for field, frames in pairs(ledger) do
  if frames ~= 0 then
    local stored = integer('the sum of ' .. field, call('HGET', KEYS[3], field) or '0', 0, MAX_SUM)
    ledger_writes[#ledger_writes + 1] = field
    ledger_writes[#ledger_writes + 1] = string.format('%d', math.min(MAX_SUM, math.max(0, stored + frames)))
  end
end

-- 4. Writes. Nothing below can be refused.

local function write_all(key, flat)
  for first = 1, #flat, 2 * CHUNK do
    call('HSET', key, unpack(flat, first, math.min(first + 2 * CHUNK - 1, #flat)))
  end
end

write_all(KEYS[1], offset_writes)
write_all(KEYS[2], watermark_writes)
for _, write in ipairs(total_writes) do call('HSET', KEYS[3], unpack(write)) end

write_all(KEYS[3], ledger_writes)
write_all(KEYS[5], life_writes)
for i = 1, #interval_writes, 2 do call('ZADD', KEYS[6], interval_writes[i], interval_writes[i + 1]) end
if #interval_writes > 0 then call('ZREMRANGEBYRANK', KEYS[6], 0, -1 - INTERVALS_KEPT) end

for _, batch in ipairs(entered) do
  local of = batch.lane
  local kept = of.digests[batch.residue]
  if kept.number < batch.number then
    kept.number = batch.number
    call('HSET', of.key, batch.residue, string.format('%d', batch.number) .. ':' .. batch.digest)
  end
end
-- Lanes of known names alone stay as they are.
for _, of in ipairs(lane) do
  if of.is_changed then
    call('HSET', of.key, 'ranges', format_ranges(of.ranges), 'kernel', string.format('%d', of.new_kernel))
    if #of.closures > 0 then call('HSET', of.key, 'closed', format_closures(of.closures)) end
    if of.end_number then call('HSET', of.key, 'end', string.format('%d:%d', of.end_number, of.end_frames)) end
    call('ZADD', KEYS[4], now, of.member)
    if lane_seconds > 0 then
      call('EXPIRE', of.key, of.end_number and lane_seconds or lane_seconds * OPEN_LANE_FACTOR)
    end
  end
end
if lane_seconds > 0 then
  call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - lane_seconds * OPEN_LANE_FACTOR)
end

local function append_all(list, writes)
  for _, write in ipairs(writes) do
    -- The id is that of the newest append: whoever read the log before it is told so, whatever was lost in between.
    if write.is_new then call('APPEND', write.key, log_id) else call('SETRANGE', write.key, 0, log_id) end
    call('APPEND', write.key, write.bytes)
    call('ZADD', list, write.start, write.member)
  end
end

append_all(KEYS[7], minute_writes)
append_all(KEYS[8], quarter_writes)

return applied
