
-- Then ARGV: the holder; the lease, or '' to look only; the digest of the held token, or ''; the rest of its lifetime,
-- or '' if unknown; then the digests of unwanted tokens.
local holder, lease, held, lives = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local function is_wanted()
    for at = 7, #ARGV do
        if ARGV[at] == entry.digest then return false end
    end
    if held == '' then return true end
    return held ~= entry.digest and lives ~= '' and left('token_end') > tonumber(lives)
end

if entry.holder ~= holder then
    if entry.sealed and is_wanted() then
        return {now, 'token', entry.sealed, entry.digest, left('token_end')}
    end
    if entry.kind then
        local failures = tonumber(entry.failures or '0')
        return {now, 'cooling_down', left('cool_down_end'), failures, entry.kind, entry.recovery, entry.status}
    end
    if entry.nothing_newer and held == entry.digest then
        return {now, 'nothing_newer'}
    end
    if entry.holder then
        return {now, 'held', left('lease_end')}
    end
end
if lease == '' then return {now, 'free'} end
entry.holder, entry.lease_end = holder, ends_after(lease)
save()
return {now, 'won', tonumber(entry.failures or '0'), is_unreadable and 1 or 0}
