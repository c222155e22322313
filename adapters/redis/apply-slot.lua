-- Applies one slot's part of a flush in one step: counts, names, digests, offsets, watermarks and totals together, or
-- nothing at all. Lua does not roll back, so everything is read and checked before the first write. What it does to
-- names and offsets is said in TypeScript in core/fence/fence-slot.ts; tests hold the two together.
--
-- KEYS  1 offsets (hash), 2 watermarks (hash), 3 totals (hash), 4 lanes (sorted set), 5 series of windows (sorted set),
--       6 untrimmed sensor hours (sorted set); then the hash of each lane; then for each window its hash of counts and
--       the sorted set of its window starts; then the hash of each sensor hour.
-- ARGV  1 seconds that a lane is kept after its last batch (0: for ever); 2-8 how many spans, lanes, batches,
--       watermarks, totals, windows, sensor hours; then
--       a span: field, from, to
--       a lane: member of lanes
--       a batch: number of its lane in this call, batch number, digest
--       a watermark: sensor, seconds (one a sensor)
--       a total: field, addend (one a field)
--       a window: size, member of series, start, keep until (0: for ever), seconds kept with its own length,
--                 packets it stands for when expired, number of cells, then series and packets of each (one a series)
--       a sensor hour: start, keep until, number of cells, then field and packets of each (one a field)
-- Returns {'applied', size, expired packets, ...}; {'seen', 0-based index of a batch, 1 where the digest is the same
--       or no longer kept, else 0, ...}; {'behind', 0-based index of a span, stored offset}; or an error.

local MAX_NUMBER = 2147483648
local MAX_SUM = 9007199254740991
local DIGESTS_KEPT = 1000
-- Values that unpack may put on Lua's stack, with room to spare below its limit of 8,000.
local CHUNK = 3000

local call = redis.call
local now = tonumber(call('TIME')[1])
local at = 8

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

local function parse_ranges(ranges_text)
  local ranges = {}
  for from, dash, to in string.gmatch(ranges_text, '(%d+)(%-?)(%d*)') do
    ranges[#ranges + 1] = tonumber(from)
    ranges[#ranges + 1] = tonumber(dash == '' and from or to) or 0
  end
  return ranges
end

local function format_ranges(ranges)
  local parts = {}
  for i = 1, #ranges, 2 do
    local from, to = string.format('%d', ranges[i]), string.format('%d', ranges[i + 1])
    parts[#parts + 1] = from == to and from or (from .. '-' .. to)
  end
  return table.concat(parts, ',')
end

-- Index of the first range whose end is not below the number.
local function first_ending(ranges, number)
  local low, high = 0, #ranges / 2
  while low < high do
    local middle = math.floor((low + high) / 2)
    if ranges[2 * middle + 2] < number then low = middle + 1 else high = middle end
  end
  return 2 * low + 1
end

local function has_number(ranges, number)
  local i = first_ending(ranges, number)
  return ranges[i] ~= nil and ranges[i] <= number
end

local function add_number(ranges, number)
  local i = first_ending(ranges, number)
  local touches_before = i > 1 and ranges[i - 1] == number - 1
  local touches_after = ranges[i] == number + 1
  if touches_before and touches_after then
    table.remove(ranges, i)
    table.remove(ranges, i - 1)
  elseif touches_before then
    ranges[i - 1] = number
  elseif touches_after then
    ranges[i] = number
  else
    table.insert(ranges, i, number)
    table.insert(ranges, i, number)
  end
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

local function take_cells(key, count)
  local fields, addends = {}, {}
  local last = at + 2 * count
  if last > #ARGV then refuse('the number of cells', count) end
  local n = 0
  for i = at + 1, last, 2 do
    local packets = tonumber(ARGV[i + 1])
    if not (packets and packets >= 1 and packets <= MAX_SUM and packets % 1 == 0) then
      refuse('packets of ' .. ARGV[i], ARGV[i + 1])
    end
    n = n + 1
    fields[n], addends[n] = ARGV[i], packets
  end
  at = last
  if not key then return {} end
  return sums(key, fields, addends, n)
end

-- 1. Arguments and stored state: reading a key of another type is an error here, before any write.

if #ARGV < 8 then refuse('the number of arguments', #ARGV) end
local lane_seconds = integer('lane seconds', ARGV[1], 0, MAX_SUM)
local count = {}
for i = 2, 8 do count[i] = integer('count ' .. i, ARGV[i], 0, 1048576) end
local spans, lanes, batches, watermarks, totals, windows, hours =
  count[2], count[3], count[4], count[5], count[6], count[7], count[8]
if #KEYS ~= 6 + lanes + 2 * windows + hours then refuse('the number of keys', #KEYS) end
for i = 4, 6 do call('ZCARD', KEYS[i]) end

local behind
local offset_writes = {}
for i = 1, spans do
  local field = text('span field')
  local from = take('from', 0, MAX_SUM)
  local to = take('to', from, MAX_SUM)
  local stored = integer('stored offset', call('HGET', KEYS[1], field) or '0', 0, MAX_SUM)
  if stored < from and not behind then behind = { 'behind', i - 1, stored } end
  if to > stored then
    offset_writes[#offset_writes + 1] = field
    offset_writes[#offset_writes + 1] = ARGV[at]
  end
end
call('HLEN', KEYS[1])

local lane = {}
for i = 1, lanes do
  local key = KEYS[6 + i]
  local stored = call('HGET', key, 'ranges') or ''
  local ranges = parse_ranges(stored)
  if format_ranges(ranges) ~= stored then refuse('ranges of ' .. key, stored) end
  lane[i] = { key = key, member = text('lane'), ranges = ranges, digests = {}, in_call = {} }
end

local seen = { 'seen' }
local entered = {}
for i = 1, batches do
  local of = lane[take('lane of a batch', 1, lanes)]
  local number = take('batch number', 1, MAX_NUMBER)
  local digest = text('digest')
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
  if earlier then
    seen[#seen + 1] = i - 1
    seen[#seen + 1] = (earlier == '' or earlier == digest) and 1 or 0
  else
    of.in_call[number] = digest
    entered[#entered + 1] = { lane = of, number = number, residue = residue, digest = digest }
  end
end

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
local window_writes = {}
for i = 1, windows do
  local size, member = text('size'), text('series of windows')
  local start = take('start', -MAX_SUM, MAX_SUM)
  local keep_until = take('keep until', 0, MAX_SUM)
  local kept_seconds = take('kept seconds', 0, MAX_SUM)
  local stands_for = take('packets of an expired window', 0, MAX_SUM)
  local cells = take('number of cells', 1, 1048576)
  local key, index_key = KEYS[6 + lanes + 2 * i - 1], KEYS[6 + lanes + 2 * i]
  call('ZCARD', index_key)
  if keep_until > 0 and keep_until <= now then
    take_cells(nil, cells)
    expired[size] = (expired[size] or 0) + stands_for
  else
    window_writes[#window_writes + 1] = {
      key = key, index_key = index_key, member = member, start = start, keep_until = keep_until,
      kept_seconds = kept_seconds, writes = take_cells(key, cells)
    }
  end
end

local hour_writes = {}
for i = 1, hours do
  local start = take('start', 0, MAX_SUM)
  local keep_until = take('keep until', 0, MAX_SUM)
  local cells = take('number of cells', 1, 1048576)
  if keep_until > 0 and keep_until <= now then
    take_cells(nil, cells)
  else
    local key = KEYS[6 + lanes + 2 * windows + i]
    hour_writes[#hour_writes + 1] = {
      key = key, start = start, keep_until = keep_until, writes = take_cells(key, cells)
    }
  end
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

-- 3. Writes. Nothing below can be refused.

local function write_all(key, flat)
  for first = 1, #flat, 2 * CHUNK do
    call('HSET', key, unpack(flat, first, math.min(first + 2 * CHUNK - 1, #flat)))
  end
end

write_all(KEYS[1], offset_writes)
write_all(KEYS[2], watermark_writes)
for _, write in ipairs(total_writes) do call('HSET', KEYS[3], unpack(write)) end

for _, batch in ipairs(entered) do
  local of = batch.lane
  add_number(of.ranges, batch.number)
  local kept = of.digests[batch.residue]
  if kept.number < batch.number then
    kept.number = batch.number
    call('HSET', of.key, batch.residue, string.format('%d', batch.number) .. ':' .. batch.digest)
  end
end
for _, of in ipairs(lane) do
  if next(of.in_call) then
    call('HSET', of.key, 'ranges', format_ranges(of.ranges))
    call('ZADD', KEYS[4], now, of.member)
    if lane_seconds > 0 then call('EXPIRE', of.key, lane_seconds) end
  end
end
if lane_seconds > 0 then call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - lane_seconds) end

for _, window in ipairs(window_writes) do
  for _, write in ipairs(window.writes) do call('HSET', window.key, unpack(write)) end
  call('ZADD', window.index_key, window.start, window.start)
  call('ZADD', KEYS[5], 'GT', window.start, window.member)
  if window.keep_until > 0 then
    call('EXPIREAT', window.key, window.keep_until)
    call('ZREMRANGEBYSCORE', window.index_key, '-inf', now - window.kept_seconds)
  end
end

for _, hour in ipairs(hour_writes) do
  for _, write in ipairs(hour.writes) do call('HSET', hour.key, unpack(write)) end
  call('ZADD', KEYS[6], hour.start, hour.start)
  if hour.keep_until > 0 then call('EXPIREAT', hour.key, hour.keep_until) end
end

return applied
