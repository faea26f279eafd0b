/* Flame: stacks as perf script prints them become a tree and a picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/flame.h"

#include <stdlib.h>
#include <string.h>

static uint64_t read_text(const char *text, struct flame *root)
{
	FILE *script = fmemopen((void *)text, strlen(text), "r");
	assert_non_null(script);
	uint64_t samples = flame_read(script, root);
	fclose(script);
	return samples;
}

static const struct flame *child(const struct flame *parent, const char *name)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (!strcmp(parent->children[i].name, name))
			return &parent->children[i];
	fail_msg("no %s below %s", name, parent->name ? parent->name : "all");
	return NULL;
}

static const char SCRIPT[] =
	"stoa-ops  4711 [001] 12.345678:    10101 cpu-clock:uhH: \n"
	"\t    7f3c1a2b leaf+0x1a (/usr/libexec/stoa/stoa-ops)\n"
	"\t    7f3c1a2c middle<int>(char*)+0x2 (/usr/lib/libstdc++.so)\n"
	"\t    55d01234 main+0x44 (/usr/libexec/stoa/stoa-ops)\n"
	"\n"
	"stoa-ops  4711 [001] 12.355678:    10101 cpu-clock:uhH: \n"
	"\t    7f3c1a2b other (inlined)\n"
	"\t    55d01234 main+0x44 (/usr/libexec/stoa/stoa-ops)\n"
	"\n"
	"stoa-ops  4711 [001] 12.365678:    10101 cpu-clock:uhH: \n"
	"\t               0 [unknown] ([unknown])\n"
	"\n"
	"stoa-ops  4711 [001] 12.375678:    10101 cpu-clock:uhH: \n"
	"\n"
	"\t    7f3c1a2b leaf+0x99 (/usr/libexec/stoa/stoa-ops)\n"
	"\t    7f3c1a2c middle<int>(char*)+0x7 (/usr/lib/libstdc++.so)\n"
	"\t    55d01234 main+0x44 (/usr/libexec/stoa/stoa-ops)";

static void stacks_become_a_tree(void **state)
{
	struct flame root = {0};
	(void)state;
	assert_int_equal(read_text(SCRIPT, &root), 4);
	assert_int_equal(root.count, 4);
	assert_int_equal(root.child_count, 2);
	assert_int_equal(child(&root, "[unknown]")->count, 1);
	const struct flame *start = child(&root, "main");
	assert_int_equal(start->count, 3);
	assert_int_equal(child(start, "other")->count, 1);
	assert_int_equal(child(child(start, "middle<int>(char*)"), "leaf")->count, 2);
	flame_free(&root);
	assert_int_equal(read_text("no stack\n\tat all (x)\n\n\n", &root), 0);
	assert_int_equal(root.child_count, 0);
	flame_free(&root);
}

static void deep_stacks_are_cut(void **state)
{
	struct flame root = {0};
	struct buffer text = {0};
	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_printf(&text, "\t  %x f%d+0x1 (x)\n", i + 1, i);
	assert_int_equal(read_text(text.data, &root), 1);
	assert_string_equal(root.children[0].name, "f127");
	flame_free(&root);
	buffer_free(&text);
}

static void a_picture_has_every_function(void **state)
{
	struct flame root = {0};
	struct buffer svg = {0};
	(void)state;
	read_text(SCRIPT, &root);
	flame_svg(&root, "Stoa <test>", &svg);
	assert_int_equal(strncmp(svg.data, "<svg xmlns=", 11), 0);
	assert_non_null(strstr(svg.data, "<title>Stoa &lt;test&gt;</title>"));
	/* Three of four samples, of 1200 units. */
	assert_non_null(strstr(svg.data, "<title>main (3 samples, 75.0 %)</title><rect x=\"300.0\""));
	assert_non_null(strstr(svg.data, "middle&lt;int&gt;(char*) (2 samples, 50.0 %)"));
	assert_null(strstr(svg.data, "<script"));
	assert_string_equal(svg.data + svg.length - 7, "</svg>\n");
	buffer_free(&svg);
	flame_free(&root);
}

static void what_cannot_be_recorded_is_said(void **state)
{
	char message[256] = "";
	const int nobody = 0x3fffffff;
	(void)state;
	assert_false(flame_record(&nobody, 1, 1, "/nowhere/flame.svg", message));
	assert_int_equal(strncmp(message, "perf", 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(stacks_become_a_tree), cmocka_unit_test(deep_stacks_are_cut),
		cmocka_unit_test(a_picture_has_every_function), cmocka_unit_test(what_cannot_be_recorded_is_said)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
