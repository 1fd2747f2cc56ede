"""What Redis does in one step: scripts in its own language, each atomic.

The keys of a queue `Q` are always, in this order: `Q`, `Q:retry`, `Q:failed`, `Q:failed:unprocessable` and
`Q:migrating`. Redis 6.2 and later.
"""

# Without it Redis 6 refuses to write after TIME; since Redis 7 it says nothing new.
_BEGIN = """
if redis.replicate_commands then redis.replicate_commands() end
local queue, resting, failed, unprocessable, migrating = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group = ARGV[1]

local function append(payload)
    redis.call('XADD', queue, '*', 'payload', payload)
end
"""

# Job by job, each appended before it is removed: were Redis to run out of memory half way, the rest would still be
# there for the next call. 100,000 jobs took 0.3 s.
_ADOPT = """
local function adopt()
    if redis.call('TYPE', queue).ok == 'list' then
        if redis.call('EXISTS', migrating) == 0 then
            redis.call('RENAME', queue, migrating)
        else
            while redis.call('LMOVE', queue, migrating, 'LEFT', 'RIGHT') do end
        end
    end
    local payload = redis.call('LINDEX', migrating, 0)
    while payload do
        append(payload)
        redis.call('LPOP', migrating)
        payload = redis.call('LINDEX', migrating, 0)
    end
end
"""

# From the beginning of the stream: what came before the group, or after Redis lost it, is to be done too. Asked for
# first: a refusal, here the rule, would count among the errors that Redis tells its operator of.
_GROUP = """
local function make_group()
    local groups = redis.call('EXISTS', queue) == 1 and redis.call('XINFO', 'GROUPS', queue) or {}
    for _, known in ipairs(groups) do
        if known[2] == group then return end
    end
    redis.call('XGROUP', 'CREATE', queue, group, '0', 'MKSTREAM')
end
"""

_TIME = """
local function milliseconds(ahead)
    local time = redis.call('TIME')
    return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ahead)
end
"""

_BRING_BACK = """
local function bring_back(most)
    for _, payload in ipairs(redis.call('ZRANGEBYSCORE', resting, '-inf', milliseconds(0), 'LIMIT', 0, most)) do
        append(payload)
        redis.call('ZREM', resting, payload)
    end
end
"""

# A hold is an entry's consumer and its count of deliveries: whoever claims it later changes one of them.
_HELD = """
local id, worker, deliveries = ARGV[2], ARGV[3], tonumber(ARGV[4])

local function held()
    local entry = redis.pcall('XPENDING', queue, group, id, id, 1)[1]
    return entry and entry[2] == worker and entry[4] == deliveries
end
"""

# Arguments: group, how many retries to bring back.
PREPARE = f"""{_BEGIN}{_ADOPT}{_GROUP}{_TIME}{_BRING_BACK}
adopt()
make_group()
bring_back(ARGV[2])
"""

# Arguments: group, payload, payload, …
PUBLISH = f"""{_BEGIN}{_ADOPT}{_GROUP}
adopt()
for place = 2, #ARGV do
    append(ARGV[place])
end
make_group()
"""

# Arguments: group, worker, how many, idle time from which an entry is anybody's, lease, how many retries to bring
# back; times in milliseconds. Answers with (entry id, its fields, deliveries) for each.
#
# An entry's idle time begins so far up that it comes to the limit when the lease runs out.
CLAIM = f"""{_BEGIN}{_ADOPT}{_GROUP}{_TIME}{_BRING_BACK}
local worker, limit, patience, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
adopt()
bring_back(ARGV[6])

local pending = redis.pcall('XPENDING', queue, group)
if pending.err then
    make_group()
    pending = {{0}}
end

local entries, lost = {{}}, false
local cursor = '0-0'
if pending[1] > 0 then
    repeat
        local page = redis.call(
            'XAUTOCLAIM', queue, group, worker, patience, cursor, 'COUNT', limit - #entries)
        cursor = page[1]
        for _, entry in ipairs(page[2]) do
            if entry then entries[#entries + 1] = entry else lost = true end
        end
    until cursor == '0-0' or #entries >= limit
end
if lost then
    -- Redis 6 hands out entries that were deleted while somebody held them, without their ids.
    for _, entry in ipairs(redis.call('XPENDING', queue, group, '-', '+', 1000, worker)) do
        if #redis.call('XRANGE', queue, entry[1], entry[1]) == 0 then
            redis.call('XACK', queue, group, entry[1])
        end
    end
end
if #entries < limit then
    local page = redis.call(
        'XREADGROUP', 'GROUP', group, worker, 'COUNT', limit - #entries, 'STREAMS', queue, '>')
    for _, entry in ipairs(page and page[1][2] or {{}}) do
        entries[#entries + 1] = entry
    end
end

for _, entry in ipairs(entries) do
    entry[3] = redis.call('XPENDING', queue, group, entry[1], entry[1], 1)[1][4]
    if lease < patience then
        redis.call('XCLAIM', queue, group, worker, 0, entry[1], 'IDLE', patience - lease, 'JUSTID')
    end
end
return entries
"""

# Arguments: group, entry id, worker, deliveries, idle time to begin with in milliseconds.
EXTEND = f"""{_BEGIN}{_HELD}
if not held() then return 0 end
redis.call('XCLAIM', queue, group, worker, 0, id, 'IDLE', ARGV[5], 'JUSTID')
return 1
"""

# Arguments: group, entry id, worker, deliveries, what becomes of it, and with what: `retry` (payload, pause in
# milliseconds), `release` (payload), `failed` or `unprocessable` (dead letter), `done`.
SETTLE = f"""{_BEGIN}{_TIME}{_HELD}
if not held() then return 0 end
local fate = ARGV[5]
if fate == 'retry' then
    redis.call('ZADD', resting, milliseconds(tonumber(ARGV[7])), ARGV[6])
elseif fate == 'release' then
    append(ARGV[6])
elseif fate == 'failed' then
    redis.call('LPUSH', failed, ARGV[6])
elseif fate == 'unprocessable' then
    redis.call('LPUSH', unprocessable, ARGV[6])
end
redis.call('XACK', queue, group, id)
redis.call('XDEL', queue, id)
return 1
"""

# Arguments: group. Answers with the four numbers of `QueueDepths`.
DEPTHS = f"""{_BEGIN}
local kind = redis.call('TYPE', queue).ok
local waiting = kind == 'stream' and redis.call('XLEN', queue) or kind == 'list' and redis.call('LLEN', queue) or 0
local pending = redis.pcall('XPENDING', queue, group)
return {{
    waiting + redis.call('LLEN', migrating),
    pending.err and 0 or pending[1],
    redis.call('ZCARD', resting),
    redis.call('LLEN', failed) + redis.call('LLEN', unprocessable)
}}
"""

# Arguments: group, scope, offset, how many. Answers with the length of the list, and its letters.
DEAD_LETTERS = f"""{_BEGIN}
local letters = ARGV[2] == 'failed' and failed or unprocessable
return {{redis.call('LLEN', letters), redis.call('LRANGE', letters, ARGV[3], ARGV[3] + ARGV[4] - 1)}}
"""

# Arguments: group, scope, how many. Answers with the lengths before and after.
PURGE = f"""{_BEGIN}
local letters = ARGV[2] == 'failed' and failed or unprocessable
local before = redis.call('LLEN', letters)
redis.call('LTRIM', letters, 0, -1 - ARGV[3])
return {{before, redis.call('LLEN', letters)}}
"""

# Arguments: group, letter, payload, letter, payload, … ; an empty payload sets the letter aside. A letter that
# another operator was faster with is left out. Answers with how many went back, and how many were set aside.
REDRIVE = f"""{_BEGIN}{_ADOPT}{_GROUP}
adopt()
local redriven, aside = 0, 0
for place = 2, #ARGV, 2 do
    if redis.call('LREM', failed, -1, ARGV[place]) == 1 then
        if ARGV[place + 1] == '' then
            redis.call('LPUSH', unprocessable, ARGV[place])
            aside = aside + 1
        else
            append(ARGV[place + 1])
            redriven = redriven + 1
        end
    end
end
make_group()
return {{redriven, aside}}
"""

# Arguments: group, worker, worker, … : consumers of the group that go. One that holds entries stays, or they would
# be lost. So does whoever was here lately; crashed workers of old leave the list with the first that ends well.
LEAVE = f"""{_BEGIN}
local consumers = redis.pcall('XINFO', 'CONSUMERS', queue, group)
if consumers.err then return end
local leaving = {{}}
for place = 2, #ARGV do leaving[ARGV[place]] = true end
for _, consumer in ipairs(consumers) do
    local name, pending, idle = consumer[2], consumer[4], consumer[6]
    if pending == 0 and (leaving[name] or idle > 86400000) then
        redis.call('XGROUP', 'DELCONSUMER', queue, group, name)
    end
end
"""
