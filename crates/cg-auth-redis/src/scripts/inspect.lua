
-- What there is, with -1 or nothing for what there is not. It changes nothing.
local function left_of(name)
    return entry[name] and left(name) or -1
end

return {
    now, 'entry', is_unreadable and 1 or 0, tonumber(entry.failures or '0'), entry.nothing_newer and 1 or 0,
    left_of('lease_end'),
    left_of('token_end'), entry.sealed or '', entry.digest or '',
    left_of('cool_down_end'), entry.kind or '', entry.recovery or '', entry.status or '',
}
