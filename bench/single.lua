-- wrk's script for POST /api/v1/transfers: every request is another transfer. Arguments: token, book, accounts, hot|uniform.
-- There is no response(): wrk would parse every header for it. Answers that are not 2xx are in the summary, and ids are
-- never used twice, so that each 2xx is a 201; the benchmark then finds as many rows in the database.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  token, book, hot = args[1], args[2], args[4] == "hot"
  accounts = {}
  for line in io.lines(args[3]) do accounts[#accounts + 1] = line end
  local random = io.open("/dev/urandom", "rb")
  local bytes = {random:read(8):byte(1, 8)}
  random:close()
  math.randomseed(((bytes[1] * 256 + bytes[2]) * 256 + bytes[3]) * 64 + bytes[4] % 64 + number)
  -- UUIDv7: 48 bits that rise with every request as milliseconds would, and 60 bits of this thread's own.
  milliseconds = os.time() * 1000
  tail = string.format("7%x%02x-8%x%02x-%02x%02x%02x%06x", bytes[5] % 16, number, bytes[6] % 16, bytes[7],
    bytes[8], bytes[1], bytes[2], math.random(0, 16777215))
  headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}
end

function request()
  milliseconds = milliseconds + 1
  local debit = hot and 1 or math.random(#accounts)
  local credit = (debit + math.random(#accounts - 1) - 1) % #accounts + 1
  return wrk.format("POST", "/api/v1/transfers", headers, string.format(
    '{"id":"%08x-%04x-%s","book":"%s","debit_account":"%s","credit_account":"%s","amount":"%d.%02d"}',
    math.floor(milliseconds / 65536), milliseconds % 65536, tail,
    book, accounts[debit], accounts[credit], math.random(0, 9999), math.random(1, 99)))
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"us":%d,"p50":%d,"p95":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
