-- Each script begins with this part. KEYS[1] is the entry. ARGV[1] is when its operation began, and ARGV[2] until when
-- it may change something; after that its program has been told that it failed. Every time is in microseconds of the
-- server's clock, and each answer begins with the time.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[2]) then return {now, 'late'} end

-- If the clock was set back since, it counts from now on.
local began = math.min(tonumber(ARGV[1]), now)
