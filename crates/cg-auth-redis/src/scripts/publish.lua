
-- Then ARGV: the holder, then one of
--   'token', the sealed bytes, the digest, the lifetime since the operation began
--   'cool_down', its length, how long the count is kept, the count, the kind, the remedy, the status or ''
--   'released'
local holder, outcome = ARGV[3], ARGV[4]
if entry.holder and entry.holder ~= holder then return {now, 'held_elsewhere'} end
entry.holder, entry.lease_end = nil, nil

if outcome == 'token' then
    local sealed, digest, lifetime = ARGV[5], ARGV[6], ARGV[7]
    entry.kind, entry.recovery, entry.status, entry.cool_down_end = nil, nil, nil, nil
    entry.failures, entry.count_end = nil, nil
    -- The sealed bytes that are there may be damaged.
    entry.sealed = sealed
    if entry.digest == digest then
        if entry.publisher ~= holder then entry.nothing_newer = '1' end
    else
        entry.digest, entry.token_end, entry.publisher = digest, ends_after(lifetime, began), holder
        entry.nothing_newer = nil
    end
elseif outcome == 'cool_down' then
    entry.cool_down_end, entry.count_end = ends_after(ARGV[5]), ends_after(ARGV[6])
    entry.failures, entry.kind, entry.recovery, entry.status = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
end
save()
if outcome == 'token' and entry.nothing_newer then return {now, 'nothing_newer'} end
return {now, 'done'}
