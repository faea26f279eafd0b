#include "base/breaker.h"

#include "base/clock.h"

#include <stdatomic.h>

bool breaker_open(const struct breaker *breaker, const struct breaker_rule *rule)
{
	return atomic_load_explicit(&breaker->failures, memory_order_acquire) >= rule->failures;
}

bool breaker_allow(struct breaker *breaker, const struct breaker_rule *rule)
{
	if (!breaker_open(breaker, rule))
		return true;
	int64_t now = clock_mono_us();
	int64_t probe = atomic_load(&breaker->probe_us);
	return now >= probe && atomic_compare_exchange_strong(&breaker->probe_us, &probe, now + rule->pause_ms * INT64_C(1000));
}

void breaker_report(struct breaker *breaker, const struct breaker_rule *rule, bool success)
{
	if (success) {
		if (atomic_load_explicit(&breaker->failures, memory_order_relaxed) != 0)
			atomic_store(&breaker->failures, 0);
		return;
	}
	/* The pause is set before the count can open the breaker. */
	atomic_store(&breaker->probe_us, clock_mono_us() + rule->pause_ms * INT64_C(1000));
	if (atomic_load(&breaker->failures) < rule->failures)
		atomic_fetch_add_explicit(&breaker->failures, 1, memory_order_release);
}
