#include "web/target.h"

static const struct target TARGETS[CLASS_COUNT] = {
#define X(name, text, p50, p95, p99, most, ttfb, objective, goal, source) \
	[name] = {text, p50, p95, p99, most, ttfb, objective, goal, source},
	CLASS_LIST(X)
#undef X
};

const struct target *target_of(enum latency_class class)
{
	return &TARGETS[class > CLASS_UNSET && class < CLASS_COUNT ? class : CLASS_UNSET];
}
