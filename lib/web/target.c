#include "web/target.h"

#include <stddef.h>
#include <string.h>

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

const struct target *target_named(const char *text)
{
	for (enum latency_class class = CLASS_UNSET + 1; text && class < CLASS_COUNT; class++)
		if (!strcmp(target_of(class)->text, text))
			return target_of(class);
	return NULL;
}

bool target_bears_lag(enum latency_class class)
{
	switch (class) {
	case CLASS_READ:
	case CLASS_LIST_:
	case CLASS_SEARCH:
	case CLASS_ADMIN:
	case CLASS_ANALYTICS:
	case CLASS_OFFERS:
	case CLASS_SERIES:
	case CLASS_REASONS:
	case CLASS_PAGE:
		return true;
	default:
		return false;
	}
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
