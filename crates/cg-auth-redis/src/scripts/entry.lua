-- A script over an entry goes on with this part. It reads the entry KEYS[1], a hash, into `entry` and leaves out what
-- has ended.

local FIELDS = {
    'sealed', 'digest', 'token_end', 'publisher', 'nothing_newer', -- the token, and who published it
    'holder', 'lease_end',                                         -- the lease
    'kind', 'recovery', 'status', 'cool_down_end',                 -- the cool-down; the status may be empty
    'failures', 'count_end',                                       -- how many acquisitions failed in a row
}
-- What stands and ends together. The first name is that of the end.
local GROUPS = {
    {'token_end', 'sealed', 'digest', 'publisher'},
    {'lease_end', 'holder'},
    {'cool_down_end', 'kind', 'recovery', 'status'},
    {'count_end', 'failures'},
}
local LONGEST_SEALED = 2097152

local function is_number(text, digits)
    return #text <= digits and string.find(text, '^%d+$') ~= nil
end

local function is_holder(text)
    return #text == 32 and string.find(text, '^%x+$') ~= nil
end

local function is_word(text)
    return #text <= 32 and string.find(text, '^[a-z_]*$') ~= nil
end

local function is_time(text)
    return is_number(text, 16)
end

local IS_READABLE = {
    sealed = function(text) return #text <= LONGEST_SEALED end,
    digest = function(text) return #text == 16 end,
    token_end = is_time,
    publisher = is_holder,
    nothing_newer = function(text) return text == '1' end,
    holder = is_holder,
    lease_end = is_time,
    kind = is_word,
    recovery = is_word,
    status = function(text) return text == '' or is_number(text, 5) end,
    cool_down_end = is_time,
    failures = function(text) return is_number(text, 10) end,
    count_end = is_time,
}

-- What the server holds, for `save` to compare with.
local saved = {}
local is_unreadable = false
local values = redis.pcall('HMGET', KEYS[1], unpack(FIELDS))
if values.err then
    if not string.find(values.err, 'WRONGTYPE', 1, true) then
        return values
    end
    is_unreadable = true
else
    for at, name in ipairs(FIELDS) do
        if values[at] then
            saved[name] = values[at]
            is_unreadable = is_unreadable or not IS_READABLE[name](values[at])
        end
    end
    for _, group in ipairs(GROUPS) do
        local count = 0
        for _, name in ipairs(group) do
            if saved[name] then count = count + 1 end
        end
        is_unreadable = is_unreadable or (count ~= 0 and count ~= #group)
    end
end
if is_unreadable then saved = {} end

local entry = {}
for name, value in pairs(saved) do entry[name] = value end

for _, group in ipairs(GROUPS) do
    local ends = entry[group[1]]
    if ends and tonumber(ends) <= now then
        for _, name in ipairs(group) do entry[name] = nil end
    end
end
if not entry.sealed then entry.nothing_newer = nil end

local function left(name)
    return tonumber(entry[name]) - now
end

local function ends_after(microseconds, moment)
    return string.format('%.0f', (moment or now) + tonumber(microseconds))
end

-- Writes what has changed. HSET stands first: where the memory of the server is full it fails, and nothing has changed.
local function save()
    local set, gone, last = {}, {}, 0
    for _, name in ipairs(FIELDS) do
        if entry[name] and entry[name] ~= saved[name] then
            set[#set + 1] = name
            set[#set + 1] = entry[name]
        elseif saved[name] and not entry[name] then
            gone[#gone + 1] = name
        end
    end
    for _, group in ipairs(GROUPS) do
        if entry[group[1]] then last = math.max(last, left(group[1])) end
    end
    if is_unreadable then redis.call('DEL', KEYS[1]) end
    if #set > 0 then redis.call('HSET', KEYS[1], unpack(set)) end
    if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(last / 1000)))
end
