#include "web/brownout.h"

#include "base/log.h"
#include "metric/metric.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum what { OFF, PRESSED, SINCE, CHANGED, STATES };

/* The file's, or values of our own when it has no room for them: its dummy may say anything. */
static struct gauge *state[STATES], *hands[PART_COUNT], *parts[PART_COUNT];
static _Atomic int64_t own_state[STATES], own_hands[PART_COUNT], own_parts[PART_COUNT];
static bool shared;

const char *brownout_hand_text(enum brownout_hand hand)
{
	static const char *const TEXTS[] = {[BROWNOUT_AUTO] = "auto", [BROWNOUT_ON] = "on", [BROWNOUT_OFF] = "off"};
	return TEXTS[hand];
}

static void count_one(void *argument, const struct metric_value *value)
{
	(void)value;
	++*(int *)argument;
}

bool brownout_open(void)
{
	static const char *const STATE_TEXTS[STATES] = {"off", "pressed", "since", "changed"};
	char labels[64];
	int found = 0;
	for (enum house_part part = PART_NONE + 1; part < PART_COUNT; part++) {
		snprintf(labels, sizeof labels, "part=\"%s\"", part_text(part));
		parts[part] = metric_gauge("stoa_brownout", labels, "1 while this part is switched off, by hand or by overload.");
		hands[part] = metric_gauge("stoa_brownout_by_hand", labels, "0 the load decides, 1 switched off, 2 served whatever the load.");
	}
	for (int i = 0; i < STATES; i++) {
		snprintf(labels, sizeof labels, "what=\"%s\"", STATE_TEXTS[i]);
		state[i] = metric_gauge("stoa_brownout_state", labels, "Parts that overload has switched off, and milliseconds of the machine's clock.");
	}
	metric_each("stoa_brownout", count_one, &found);
	return shared = found == STATES + 2 * (PART_COUNT - 1);
}

static int64_t value_of(struct gauge *const *gauges, _Atomic int64_t *own, int at)
{
	return shared ? gauge_get(gauges[at]) : atomic_load_explicit(&own[at], memory_order_relaxed);
}

static void value_put(struct gauge *const *gauges, _Atomic int64_t *own, int at, int64_t value)
{
	if (shared)
		gauge_set(gauges[at], value);
	else
		atomic_store_explicit(&own[at], value, memory_order_relaxed);
}

bool brownout_is(enum house_part part)
{
	return part != PART_NONE && value_of(parts, own_parts, part) == 1;
}

enum brownout_hand brownout_by_hand(enum house_part part)
{
	int64_t value = value_of(hands, own_hands, part);
	return value == BROWNOUT_ON || value == BROWNOUT_OFF ? (enum brownout_hand)value : BROWNOUT_AUTO;
}

/* Every process does this, so only who finds it otherwise says so. */
static void settle(int off)
{
	for (enum house_part part = PART_NONE + 1; part < PART_COUNT; part++) {
		enum brownout_hand hand = brownout_by_hand(part);
		bool is = hand == BROWNOUT_ON || (hand == BROWNOUT_AUTO && off >= (int)part);
		if (is == brownout_is(part))
			continue;
		value_put(parts, own_parts, part, is);
		LOG(LOG_WARN, is ? "brownout.on" : "brownout.off", LOG_T("part", part_text(part)), LOG_T("by", hand == BROWNOUT_AUTO ? "load" : "hand"));
	}
}

void brownout_set(enum house_part part, enum brownout_hand hand)
{
	value_put(hands, own_hands, part, hand);
	settle((int)value_of(state, own_state, OFF));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool brownout_pressed(unsigned requests, unsigned late)
{
	return (uint64_t)late * BROWNOUT_SHARE > requests;
}

struct brownout brownout_step(struct brownout now, bool pressed, int64_t now_ms)
{
	/* The file is older than the machine's clock. */
	if (now.pressed_ms > now_ms || now.changed_ms > now_ms || now.off < 0 || now.off >= PART_COUNT)
		now = (struct brownout){0};
	if (pressed) {
		if (!now.pressed_ms || now_ms - now.pressed_ms > BROWNOUT_GAP_MS)
			now.since_ms = now_ms;
		now.pressed_ms = now_ms;
	}
	if (pressed && now.off < PART_COUNT - 1 && now_ms - later(now.since_ms, now.changed_ms) >= BROWNOUT_RISE_MS) {
		now.off++;
		now.changed_ms = now_ms;
	} else if (!pressed && now.off && now_ms - later(now.pressed_ms, now.changed_ms) >= BROWNOUT_CALM_MS) {
		now.off--;
		now.changed_ms = now_ms;
	}
	return now;
}

void brownout_tick(bool pressed, int64_t now_ms)
{
	const struct brownout before = {.off = (int)value_of(state, own_state, OFF), .pressed_ms = value_of(state, own_state, PRESSED),
		.since_ms = value_of(state, own_state, SINCE), .changed_ms = value_of(state, own_state, CHANGED)};
	const struct brownout after = brownout_step(before, pressed, now_ms);
	if (after.pressed_ms != before.pressed_ms)
		value_put(state, own_state, PRESSED, after.pressed_ms);
	if (after.since_ms != before.since_ms)
		value_put(state, own_state, SINCE, after.since_ms);
	if (after.off != before.off) {
		value_put(state, own_state, CHANGED, after.changed_ms);
		value_put(state, own_state, OFF, after.off);
	}
	/* Not after's: another process may have changed it meanwhile. */
	settle((int)value_of(state, own_state, OFF));
}
