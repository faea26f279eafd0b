#include "web/target.h"

#include <stddef.h>

static const struct target TARGETS[CLASS_COUNT] = {
#define X(name, text, p50, p95, p99, most, ttfb, objective, goal, shed, part, source) \
	[name] = {text, p50, p95, p99, most, ttfb, objective, goal, shed, part, source},
	CLASS_LIST(X)
#undef X
};

const struct target *target_of(enum latency_class class)
{
	return &TARGETS[class > CLASS_UNSET && class < CLASS_COUNT ? class : CLASS_UNSET];
}

const char *part_text(enum house_part part)
{
	static const char *const TEXTS[PART_COUNT] = {
#define X(name, text) [name] = text,
		PART_LIST(X)
#undef X
	};
	return part < PART_COUNT ? TEXTS[part] : NULL;
}
