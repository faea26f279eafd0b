/* Breaker: stops asking a service that keeps failing. Lock-free; a zeroed one is closed.
 *
 * After `failures` failures in a row it opens: breaker_allow() is false until `pause_ms` have gone by, then true for one
 * caller (the probe) a pause, until a success closes it. */
#ifndef STOA_BASE_BREAKER_H
#define STOA_BASE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct breaker_rule {
	int failures; /* in a row */
	int pause_ms;
};

struct breaker {
	_Atomic int failures;
	_Atomic int64_t probe_us; /* monotonic: when the next probe may go */
};

/* Asked right before a call; a caller that got true reports how the call went. */
bool breaker_allow(struct breaker *breaker, const struct breaker_rule *rule);
void breaker_report(struct breaker *breaker, const struct breaker_rule *rule, bool success);
bool breaker_open(const struct breaker *breaker, const struct breaker_rule *rule);

#endif
