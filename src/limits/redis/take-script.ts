import { Script } from '../../redis/script';

/** How long Redis keeps a gateway, or a request in flight, of which it hears nothing, in milliseconds. */
export const SILENCE_MS = 10_000;

/**
 * Decides the requests of one gateway, with the clock of the server.
 *
 * `KEYS[1]` is a sorted set of gateways, the others are counters. `ARGV[1]` is a Message as JSON; message.ts describes it.
 *
 * A rate is a hash. `used` units, which drain, were used up to `at`. Units leased to gateways do not drain, because they may
 * still be used: `held` were leased in `second`, `before` in the second before it. Older ones count as used, because a
 * gateway uses its lease for a second at most. So no units leased, however late they are used, make a burst exceed the limit.
 * Requests in flight are a sorted set of their ids, with the time at which they are given up.
 *
 * The reply has the second of the server, the number of gateways, and an array for each take: how many of its equal requests
 * pass; 0, or the number of the charge that refuses the others; their time to wait in milliseconds, or -1 if they can never
 * pass; and for each charge the remaining units, the milliseconds until all are available, and the number of leased units.
 */
export const TAKE = new Script(`
local message = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local second = tonumber(time[1])
local now = second * 1000 + tonumber(time[2]) / 1000
local until_ = string.format('%.3f', now + ${SILENCE_MS})
local counters = {}

-- Members that are later than any gateway can have set are from before the clock was set back.
local function expire(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.3f', now))
  redis.call('ZREMRANGEBYSCORE', key, '(' .. until_, '+inf')
end

local function counter(k)
  local c = counters[k]
  if c then return c end
  local form = message.counters[k - 1]
  c = { limit = form[1], window = form[2], used = 0, held = 0, before = 0 }
  counters[k] = c
  if c.window == 0 then
    expire(KEYS[k])
    c.used = redis.call('ZCARD', KEYS[k])
    return c
  end
  local state = redis.call('HMGET', KEYS[k], 'used', 'at', 'held', 'before', 'second')
  if not state[1] then return c end
  local drained = math.max(0, now - tonumber(state[2])) * c.limit / c.window
  c.used = math.max(0, math.min(tonumber(state[1]), c.limit) - drained)
  c.held = tonumber(state[3])
  c.before = tonumber(state[4])
  local age = second - tonumber(state[5])
  if age == 1 then
    c.used = c.used + c.before
    c.before = c.held
    c.held = 0
  elseif age > 1 then
    c.used = c.used + c.before + c.held
    c.before = 0
    c.held = 0
  end
  return c
end

local function total(c) return c.used + c.held + c.before end
local function fits(c, amount) return total(c) + amount <= c.limit * (1 + 1e-12) end
local function remaining(c) return math.max(0, math.floor(c.limit * (1 + 1e-12) - total(c))) end

-- Time in which units drain, without what rounding errors add.
local function drainTime(c, units) return math.max(0, math.ceil((units / c.limit - 1e-12) * c.window)) end

local function wait(c, amount)
  if amount > c.limit then return math.huge end
  if c.window == 0 then return 1000 end
  return drainTime(c, total(c) + amount - c.limit)
end

local function settle(k, leased, used, unused)
  local c = counter(k)
  -- If the clock has been set back since, the lease is of a later second.
  if leased >= second then
    c.held = math.max(0, c.held - used - unused)
    c.used = c.used + used
  elseif leased == second - 1 then
    c.before = math.max(0, c.before - used - unused)
    c.used = c.used + used
  else
    c.used = math.max(0, c.used - unused)
  end
end

-- The number of the charge that does not fit, after which none is made; 0 if all have been made.
local function charge(charges)
  for i, each in ipairs(charges) do
    local c = counter(each[1])
    if not fits(c, each[2]) then
      local longest = wait(c, each[2])
      for j = 1, i - 1 do
        local charged = counter(charges[j][1])
        charged.used = charged.used - charges[j][2]
      end
      return i, longest
    end
    c.used = c.used + each[2]
  end
  return 0, 0
end

local function decide(take)
  local count, charges = take[1], take[2]
  local passes, refused, longest = 0, 0, 0
  while passes < count and refused == 0 do
    refused, longest = charge(charges)
    if refused == 0 then passes = passes + 1 end
  end
  if refused > 0 then
    for i, each in ipairs(charges) do
      local c = counter(each[1])
      if not fits(c, each[2]) and wait(c, each[2]) > longest then
        refused, longest = i, wait(c, each[2])
      end
    end
  end
  local reply = { passes, refused, longest == math.huge and -1 or longest }
  for _, each in ipairs(charges) do
    local c = counter(each[1])
    local leased = 0
    if passes > 0 then
      if c.window == 0 then
        redis.call('ZADD', KEYS[each[1]], until_, each[3])
      else
        leased = math.min(each[3], remaining(c))
        c.held = c.held + leased
      end
    end
    reply[#reply + 1] = remaining(c)
    reply[#reply + 1] = c.window == 0 and 0 or drainTime(c, total(c))
    reply[#reply + 1] = leased
  end
  return reply
end

for _, slot in ipairs(message.renewed) do redis.call('ZADD', KEYS[slot[1]], until_, slot[2]) end
for _, slot in ipairs(message.released) do redis.call('ZREM', KEYS[slot[1]], slot[2]) end
for _, s in ipairs(message.settled) do settle(s[1], s[2], s[3], s[4]) end
for _, r in ipairs(message.refunded) do
  local c = counter(r[1])
  c.used = math.max(0, c.used - r[2])
end

expire(KEYS[1])
if message.leaves then
  redis.call('ZREM', KEYS[1], message.gateway)
else
  redis.call('ZADD', KEYS[1], until_, message.gateway)
  redis.call('PEXPIRE', KEYS[1], ${SILENCE_MS})
end

local replies = { second, redis.call('ZCARD', KEYS[1]) }
for _, take in ipairs(message.takes) do replies[#replies + 1] = decide(take) end

for k, form in ipairs(message.counters) do
  local c = counters[k + 1]
  if form[2] == 0 then
    redis.call('PEXPIRE', KEYS[k + 1], ${SILENCE_MS})
  elseif c then
    redis.call('HSET', KEYS[k + 1], 'used', string.format('%.17g', c.used), 'at', string.format('%.3f', now),
      'held', c.held, 'before', c.before, 'second', second)
    redis.call('PEXPIRE', KEYS[k + 1], c.window + 3000)
  end
end
return replies
`);
