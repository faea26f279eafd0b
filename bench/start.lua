-- wrk: posts the bodies of $BENCH_BODIES (one a line) in turn, with the key $BENCH_KEY.
local requests, at = {}, 0
function init()
	local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = os.getenv("BENCH_KEY") }
	for body in io.lines(os.getenv("BENCH_BODIES")) do
		requests[#requests + 1] = wrk.format("POST", nil, headers, body)
	end
end
function request()
	at = at % #requests + 1
	return requests[at]
end
