#include "retention/retention.h"

#include <string.h>

static const char *const SEGMENTS[SEGMENT_COUNT] = {"trial", "low", "medium", "high"};

enum segment segment_of(int64_t value_minor)
{
	if (value_minor < 100)
		return SEGMENT_TRIAL;
	if (value_minor < 2000)
		return SEGMENT_LOW;
	return value_minor < 10000 ? SEGMENT_MEDIUM : SEGMENT_HIGH;
}

const char *segment_text(enum segment segment)
{
	return SEGMENTS[segment];
}

static const char *const STEPS[STEP_COUNT] = {
	"survey", "discount", "pause", "downgrade", "extension", "support", "feedback", "confirm"};

const char *step_text(enum step_type type)
{
	return STEPS[type];
}

bool step_parse(const char *text, enum step_type *type_out)
{
	for (int i = 0; text && i < STEP_COUNT; i++)
		if (strcmp(text, STEPS[i]) == 0) {
			*type_out = (enum step_type)i;
			return true;
		}
	return false;
}

bool step_is_offer(enum step_type type)
{
	return type >= STEP_DISCOUNT && type <= STEP_SUPPORT;
}

/* Place of each type; support moves to the front when the customer has been here before. */
static const int PLACES[SEGMENT_COUNT][STEP_COUNT] = {
	/*                survey discount pause downgrade extension support feedback confirm */
	[SEGMENT_TRIAL] = {0, 4, 3, 5, 2, 6, 7, 8},
	[SEGMENT_LOW] = {0, 4, 3, 2, 5, 6, 7, 8},
	[SEGMENT_MEDIUM] = {0, 3, 2, 4, 5, 6, 7, 8},
	[SEGMENT_HIGH] = {0, 2, 3, 4, 5, 6, 7, 8},
};
#define PLACE_SUPPORT_FIRST 1
#define PLACE_UNKNOWN 9

static int step_place(struct json_object *step, enum segment segment, int attempts)
{
	enum step_type type;

	if (!step_parse(json_text(step, "type", NULL), &type))
		return PLACE_UNKNOWN;
	return type == STEP_SUPPORT && attempts > 1 ? PLACE_SUPPORT_FIRST : PLACES[segment][type];
}

int flow_order(struct json_object *steps, enum segment segment, int attempts, int order_out[FLOW_STEPS])
{
	size_t length = json_object_array_length(steps);
	int count = length > FLOW_STEPS ? FLOW_STEPS : (int)length;
	int places[FLOW_STEPS];

	for (int i = 0; i < count; i++) {
		int place = step_place(json_object_array_get_idx(steps, (size_t)i), segment, attempts);
		int at = i;

		for (; at > 0 && places[at - 1] > place; at--) {
			places[at] = places[at - 1];
			order_out[at] = order_out[at - 1];
		}
		places[at] = place;
		order_out[at] = i;
	}
	return count;
}

int64_t revenue_saved(enum step_type offer, int64_t value_minor)
{
	static const int percent[STEP_COUNT] = {[STEP_DISCOUNT] = 20, [STEP_PAUSE] = 100, [STEP_DOWNGRADE] = 30,
		[STEP_EXTENSION] = 100, [STEP_SUPPORT] = 100};

	if (value_minor <= 0)
		return 0;
	/* In two parts, so that no value overflows. */
	return value_minor / 100 * percent[offer] + (value_minor % 100 * percent[offer] + 50) / 100;
}
