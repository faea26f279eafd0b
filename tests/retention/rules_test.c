/* Segments, order, revenue, months: worked out by hand from the inventory. */
#include "tests/retention/cases.h"

#include "retention/change.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void segments(void **state)
{
	static const struct { int64_t value; const char *segment; } ROWS[] = {
		{INT64_MIN, "trial"}, {-1, "trial"}, {0, "trial"}, {99, "trial"}, {100, "low"}, {1999, "low"}, {2000, "medium"},
		{4900, "medium"}, {9900, "medium"}, {9999, "medium"}, {10000, "high"}, {INT64_MAX, "high"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(segment_text(segment_of(ROWS[i].value)), ROWS[i].segment);
}

static void revenue(void **state)
{
	static const struct { enum step_type offer; int64_t value, saved; } ROWS[] = {
		{STEP_PAUSE, 4900, 4900}, {STEP_SUPPORT, 4900, 4900}, {STEP_EXTENSION, 4900, 4900}, {STEP_DOWNGRADE, 4900, 1470},
		{STEP_DISCOUNT, 4900, 980}, {STEP_SURVEY, 4900, 0}, {STEP_FEEDBACK, 4900, 0}, {STEP_CONFIRM, 4900, 0},
		{STEP_DISCOUNT, 1, 0}, {STEP_DISCOUNT, 2, 0}, {STEP_DISCOUNT, 3, 1}, {STEP_DISCOUNT, 7, 1}, {STEP_DISCOUNT, 8, 2},
		{STEP_DOWNGRADE, 1, 0}, {STEP_DOWNGRADE, 5, 2}, {STEP_DOWNGRADE, 999, 300}, {STEP_DOWNGRADE, 1999, 600},
		{STEP_DISCOUNT, 0, 0}, {STEP_DISCOUNT, -4900, 0}, {STEP_PAUSE, INT64_MAX, INT64_MAX}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(revenue_saved(ROWS[i].offer, ROWS[i].value), ROWS[i].saved);
}

static struct json_object *steps_of(const char *names)
{
	struct json_object *steps = json_object_new_array();

	while (*names) {
		size_t length = strcspn(names, " ");
		struct json_object *step = json_object_new_object();

		json_object_object_add(step, "type", json_object_new_string_len(names, (int)length));
		json_object_array_add(steps, step);
		names += length + (names[length] == ' ');
	}
	return steps;
}

static void order(void **state)
{
	static const char ALL[] = "confirm support extension downgrade pause feedback discount survey";
	static const struct { const char *steps; enum segment segment; int attempts; const char *ordered; } ROWS[] = {
		{ALL, SEGMENT_HIGH, 1, "survey discount pause downgrade extension support feedback confirm"},
		{ALL, SEGMENT_MEDIUM, 1, "survey pause discount downgrade extension support feedback confirm"},
		{ALL, SEGMENT_LOW, 1, "survey downgrade pause discount extension support feedback confirm"},
		{ALL, SEGMENT_TRIAL, 1, "survey extension pause discount downgrade support feedback confirm"},
		{ALL, SEGMENT_HIGH, 2, "survey support discount pause downgrade extension feedback confirm"},
		{ALL, SEGMENT_TRIAL, 9, "survey support extension pause discount downgrade feedback confirm"},
		{ALL, SEGMENT_LOW, 0, "survey downgrade pause discount extension support feedback confirm"},
		{"confirm", SEGMENT_LOW, 2, "confirm"}, {"", SEGMENT_LOW, 1, ""}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *steps = steps_of(ROWS[i].steps);
		int places[FLOW_STEPS], count = flow_order(steps, ROWS[i].segment, ROWS[i].attempts, places);
		char text[256] = "";

		assert_int_equal(count, json_object_array_length(steps));
		for (int at = 0; at < count; at++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", at ? " " : "",
				json_text(json_object_array_get_idx(steps, (size_t)places[at]), "type", ""));
		assert_string_equal(text, ROWS[i].ordered);
		json_object_put(steps);
	}
}

/* Two steps of a type stay in the order in which they are stored. */
static void order_is_stable(void **state)
{
	struct json_object *steps = steps_of("pause discount pause discount");
	int places[FLOW_STEPS];
	(void)state;

	assert_int_equal(flow_order(steps, SEGMENT_HIGH, 1, places), 4);
	assert_int_equal(places[0], 1);
	assert_int_equal(places[1], 3);
	assert_int_equal(places[2], 0);
	assert_int_equal(places[3], 2);
	json_object_put(steps);
}

static void months(void **state)
{
	/* date -u -d … +%s */
	static const struct { int64_t from; int months; int64_t to; } ROWS[] = {
		{1769817600, 1, 1772236800},   /* 2026-01-31 -> 2026-02-28 */
		{1832889600, 1, 1835395200},   /* 2028-01-31 -> 2028-02-29 */
		{1795219200, 3, 1803168000},   /* 2026-11-21 -> 2027-02-21 */
		{1798718399, 12, 1830254399},  /* 2026-12-31 11:59:59 -> 2027-12-31 11:59:59 */
		{1798675200, 2, 1803772800},   /* 2026-12-31 -> 2027-02-28 */
		{1774915200, 1, 1777507200},   /* 2026-03-31 -> 2026-04-30 */
		{4107456000, 1, 4109875200},   /* 2100-02-28 -> 2100-03-28: 2100 is no leap year */
		{4105036800, 1, 4107456000}};  /* 2100-01-31 -> 2100-02-28 */
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(months_after(ROWS[i].from, ROWS[i].months), ROWS[i].to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(segments), cmocka_unit_test(revenue), cmocka_unit_test(order),
		cmocka_unit_test(order_is_stable), cmocka_unit_test(months)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
