-- Reads the logs of a closed window in one slot in one step with its mark: where Redis lost the mark it may have lost
-- sources too, and what is left must not be taken for all.
--
-- KEYS  1 ends before which sources are closed (hash); then each log (string)
-- ARGV  1 window size, 2 end of the window
-- Returns 'open' where the window is not closed here, or the logs, each false where there is none.

local call = redis.call
local finish = tonumber(ARGV[2])
if #ARGV ~= 2 or not finish then
  error({ err = 'SPARGUMENT read-closed: the end is ' .. tostring(ARGV[2]) })
end
local closed = tonumber(call('HGET', KEYS[1], ARGV[1]) or '')
if not closed or closed < finish then return 'open' end
local logs = {}
for i = 2, #KEYS do logs[i - 1] = call('GET', KEYS[i]) end
return logs
