/* Who works next, who must go, and when parts of the house are switched off: by rows, without a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/admit.h"
#include "web/brownout.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000)

static void places_by_order(void **state)
{
	(void)state;
	static const struct { int most, limits[SHED_ORDERS]; } ROWS[] = {
		{0, {INT_MAX, INT_MAX, INT_MAX, INT_MAX, INT_MAX}}, {2, {INT_MAX, INT_MAX, 1, 1, 1}}, {4, {INT_MAX, INT_MAX, 3, 3, 2}},
		{8, {INT_MAX, INT_MAX, 7, 6, 5}}, {16, {INT_MAX, INT_MAX, 14, 12, 10}}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct places places = {0};
		places_make(&places, ROWS[i].most);
		for (int order = 0; order < SHED_ORDERS; order++)
			assert_int_equal(places.limit[order], ROWS[i].limits[order]);
	}
	/* Whoever is shed sooner counts against those that are shed later, not the other way round. */
	struct places places = {0};
	places_make(&places, 8);
	for (int i = 0; i < 5; i++)
		assert_true(places_enter(&places, 4));
	assert_false(places_enter(&places, 4));
	assert_true(places_enter(&places, 3));
	assert_false(places_enter(&places, 3));
	assert_true(places_enter(&places, 2));
	assert_false(places_enter(&places, 2));
	for (int i = 0; i < 100; i++)
		assert_true(places_enter(&places, SHED_LAST) && places_enter(&places, 0));
	places_leave(&places, 4);
	places_leave(&places, SHED_LAST);
	assert_false(places_enter(&places, 4) && places_enter(&places, 4));
	places_leave(&places, 2);
	places_leave(&places, 4);
	assert_true(places_enter(&places, 2) && places_enter(&places, 4));
}

/* A script of the line: "4a" puts a of order 4, "<" takes, "!" lets the late go, "=" says what is expected, "+n" lets n ms pass. */
static void run_script(const char *script, const char *expected)
{
	struct queue queue;
	struct waiting waiting[26];
	char got[64] = "";
	int64_t now_us = 1000 * MS;
	queue_make(&queue, 4, 200 * MS, 20 * MS, now_us);
	for (const char *at = script; *at; at++) {
		struct waiting *out = NULL;
		char sign = *at;
		if (sign == ' ')
			continue;
		if (sign == '+') {
			int ms = 0;
			for (; at[1] >= '0' && at[1] <= '9'; at++)
				ms = 10 * ms + at[1] - '0';
			now_us += ms * MS;
			continue;
		}
		if (sign == '<')
			out = queue_take(&queue, ~0u, now_us);
		else if (sign == '(')
			out = queue_take(&queue, 0x7, now_us);
		else if (sign == '!')
			out = queue_late(&queue, now_us);
		else
			out = queue_put(&queue, &waiting[at[1] - 'a'], sign - '0', now_us), at++;
		if (out || sign == '<' || sign == '!' || sign == '(')
			snprintf(got + strlen(got), sizeof got - strlen(got), "%c%c", sign >= '0' && sign <= '9' ? '>' : sign,
				out ? (char)('a' + (out - waiting)) : '-');
	}
	print_message("%s\n", script);
	assert_string_equal(got, expected);
}

static void lines(void **state)
{
	(void)state;
	static const struct { const char *script, *expected; } ROWS[] = {
		{"<!", "<-!-"},
		/* the lowest order first, and in order of arrival */
		{"4a 1b 4c 1d <<<<<", "<b<d<a<c<-"},
		{"4a 3b 2c (((", "(c(-(-"},
		/* a burst may wait for as long as the patience lasts */
		{"1a +40 4b +60 !", "!-"},
		{"1a +200 ! +1 !!", "!-!a!-"},
		/* what is never emptied stands: the newest goes first, those that are shed sooner go after the target, the others keep their patience */
		{"1a +90 4b 4c < !", "<a!-"},
		{"2z 4a +90 2b +5 4c 4d +6 <", ">d<b"},
		{"1z 4a +101 4b !!<<", "!a!-<z<b"},
		{"1z 4a 1b +101 4c 4d ! +21 !!!<<", ">a!-!c!d!-<b<z"},
		/* once it was empty, what comes is a burst again */
		{"4a +101 < 4b +100 !<", "<a!-<b"},
		/* full: the oldest of the highest order goes, also when it is the one that comes */
		{"4a 4b 3c 2d 1e", ">a"},
		{"1a 1b 1c 1d 1e 4f <", ">e>f<a"},
		{"4a 4b 4c 4d 4e <", ">e<a"},
		{"4a +101 4b 4c 4d 4e <", ">a<e"},
		{"1a 2b 3c 4d 0e 0f <<<<", ">d>c<e<f<a<b"}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		run_script(ROWS[i].script, ROWS[i].expected);
}

/* Nobody is late before the time that is told, and somebody is then. */
static void due(void **state)
{
	(void)state;
	static const struct { int64_t puts_ms[4]; int orders[4], count; int64_t due_ms; } ROWS[] = {
		{{0}, {1}, 1, 200}, {{0, 50}, {1, 4}, 2, 100}, {{0, 90}, {1, 4}, 2, 110}, {{0, 10, 95}, {1, 1, 2}, 3, 115}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct queue queue;
		struct waiting waiting[4];
		int64_t now_us = 0;
		queue_make(&queue, 4, 200 * MS, 20 * MS, 0);
		assert_int_equal(queue_due_us(&queue, 0), INT64_MAX);
		for (int n = 0; n < ROWS[i].count; n++)
			assert_null(queue_put(&queue, &waiting[n], ROWS[i].orders[n], now_us = ROWS[i].puts_ms[n] * MS));
		int64_t due_us = queue_due_us(&queue, now_us);
		assert_int_equal(due_us / MS, ROWS[i].due_ms);
		assert_null(queue_late(&queue, due_us - 1));
		assert_non_null(queue_late(&queue, due_us));
	}
}

/* Above one in twenty. */
static void pressure(void **state)
{
	(void)state;
	static const struct { unsigned requests, late; bool pressed; } ROWS[] = {
		{0, 0, false}, {1, 0, false}, {1, 1, true}, {19, 1, true}, {20, 1, false}, {21, 2, true}, {1000, 50, false}, {1000, 51, true},
		{4000000000u, 300000000u, true}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(brownout_pressed(ROWS[i].requests, ROWS[i].late), ROWS[i].pressed);
}

/* Seconds of pressure and calm; the parts that are off after them. */
static void brownout_by_load(void **state)
{
	(void)state;
	static const struct { struct { int seconds; bool pressed; int off; } steps[8]; } ROWS[] = {
		/* a moment is none */
		{{{4, true, 0}, {60, false, 0}, {4, true, 0}, {3, false, 0}, {4, true, 0}}},
		/* one after the other, and never more than there are */
		{{{6, true, 1}, {4, true, 1}, {1, true, 2}, {60, true, PART_COUNT - 1}}},
		/* a second without it, now and then, is still pressure */
		{{{3, true, 0}, {1, false, 0}, {1, true, 0}, {1, false, 0}, {1, true, 1}}},
		/* back one after the other, and not before the calm has lasted */
		{{{11, true, 2}, {29, false, 2}, {1, false, 1}, {29, false, 1}, {1, false, 0}, {60, false, 0}}},
		/* what comes back and brings the pressure along goes again after the same time, not at once */
		{{{6, true, 1}, {30, false, 0}, {5, true, 0}, {1, true, 1}}},
		/* pressure in between starts the calm anew */
		{{{6, true, 1}, {20, false, 1}, {1, true, 1}, {29, false, 1}, {1, false, 0}}}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct brownout at = {0};
		int64_t now_ms = 1000000;
		for (int n = 0; ROWS[i].steps[n].seconds; n++) {
			for (int second = 0; second < ROWS[i].steps[n].seconds; second++)
				at = brownout_step(at, ROWS[i].steps[n].pressed, now_ms += 1000);
			print_message("row %zu step %d\n", i, n);
			assert_int_equal(at.off, ROWS[i].steps[n].off);
		}
	}
	/* A file from before a reboot, whose clock was ahead. */
	struct brownout old = {.off = 2, .pressed_ms = 5000000, .since_ms = 4000000, .changed_ms = 4500000};
	assert_int_equal(brownout_step(old, false, 1000).off, 0);
	assert_int_equal(brownout_step((struct brownout){.off = 99}, false, 1000).off, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(places_by_order), cmocka_unit_test(lines), cmocka_unit_test(due),
		cmocka_unit_test(pressure), cmocka_unit_test(brownout_by_load)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
