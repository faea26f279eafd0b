#define _GNU_SOURCE /* environ */

#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct conf_row TABLE[] = {
	{"first.name", CONF_STRING, "none", .help = "a name"},
	{"first.count", CONF_INT, "8", .least = 1, .most = 100, .help = "a count"},
	{"first.any", CONF_INT, "-5", .help = "any number"},
	{"first.on", CONF_BOOL, "no", .help = "a switch"},
	{"first.wait", CONF_DURATION, "250ms", .least = 0, .most = 60000, .help = "a wait"},
	{"first.life", CONF_DURATION, "1h", .help = "a life"},
	{"first.size", CONF_BYTES, "64k", .help = "a size"},
	CONF_END,
};

static const struct conf_row SECOND[] = {
	{"second.password", CONF_STRING, "", .secret = true, .help = "a secret"},
	{"second.pin", CONF_INT, "0", .secret = true, .help = "a secret number"},
	{"second.file", CONF_PATH, "/var/lib/file", .help = "a file"},
	CONF_END,
};

static char path[] = "/tmp/stoa-conf-test-XXXXXX";
static char message[256];

static int begin(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	for (char **variable = environ; *variable;) {
		char name[64];

		if (strncmp(*variable, "STOA_", 5)) {
			variable++;
			continue;
		}
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="), *variable);
		unsetenv(name);
	}
	conf_add(TABLE);
	conf_add(SECOND);
	conf_add(TABLE);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return unlink(path);
}

static bool load(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	fclose(file);
	return conf_load(path, message);
}

static void has_defaults(void **state)
{
	(void)state;
	assert_true(load("", 0));
	assert_string_equal(message, "");
	assert_string_equal(conf_string("first.name"), "none");
	assert_int_equal(conf_int("first.count"), 8);
	assert_int_equal(conf_int("first.any"), -5);
	assert_false(conf_bool("first.on"));
	assert_int_equal(conf_ms("first.wait"), 250);
	assert_int_equal(conf_ms("first.life"), 3600000);
	assert_int_equal(conf_int("first.life"), 3600000);
	assert_int_equal(conf_int("first.size"), 65536);
	assert_string_equal(conf_string("second.password"), "");
	assert_string_equal(conf_path(), path);
}

static void reads_a_file(void **state)
{
	static const char TEXT[] = "# a comment\n; another\n\n[second]\npassword = p w # = ; gone\n[first]\r\nname=Grüße\r\n"
		"count : 100\non = yes\n[second]\nfile =";

	(void)state;
	assert_true(load(TEXT, sizeof TEXT - 1));
	assert_string_equal(conf_string("second.password"), "p w # =");
	assert_string_equal(conf_string("first.name"), "Grüße");
	assert_int_equal(conf_int("first.count"), 100);
	assert_string_equal(conf_string("second.file"), "");
}

static void reads_values(void **state)
{
	static const struct {
		const char *line;
		const char *key;
		int64_t number;
	} ROWS[] = {
		{"count = 1", "first.count", 1}, {"any = -9223372036854775808", "first.any", INT64_MIN}, {"any = 007", "first.any", 7},
		{"wait = 0", "first.wait", 0}, {"wait = 1s", "first.wait", 1000}, {"wait = 1m", "first.wait", 60000},
		{"life = 2h", "first.life", 7200000}, {"life = 7d", "first.life", 604800000}, {"life = 15ms", "first.life", 15},
		{"size = 0", "first.size", 0}, {"size = 12", "first.size", 12}, {"size = 2m", "first.size", 2097152},
		{"size = 1g", "first.size", 1073741824},
		{"on = true", "first.on", 1}, {"on = on", "first.on", 1}, {"on = 1", "first.on", 1}, {"on = yes", "first.on", 1},
		{"on = false", "first.on", 0}, {"on = off", "first.on", 0}, {"on = 0", "first.on", 0}, {"on = no", "first.on", 0},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		snprintf(text, sizeof text, "[first]\n%s\n", ROWS[i].line);
		assert_true(load(text, strlen(text)));
		if (!strcmp(ROWS[i].key, "first.on"))
			assert_int_equal(conf_bool(ROWS[i].key), ROWS[i].number);
		else
			assert_int_equal(conf_int(ROWS[i].key), ROWS[i].number);
	}
}

static void refuses_with_file_and_line(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *part;
	} ROWS[] = {
		{"[first]\nnmae = x\n", 2, "unknown key \"first.nmae\""},
		{"\n\n[frist]\nname = x\n", 4, "unknown key \"frist.name\""},
		{"name = x\n", 1, "unknown key \".name\""},
		{"[first]\nname = a\n\nname = b\n", 4, "first.name is given twice (first in line 2"},
		{"[first]\nname = a\n   count = 3\n", 3, "first.name is given twice"},
		{"[first]\ncount = many\n", 2, "first.count must be a whole number, not \"many\""},
		{"[first]\ncount = 3x\n", 2, "a whole number"},
		{"[first]\ncount =\n", 2, "a whole number"},
		{"[first]\ncount = +3\n", 2, "a whole number"},
		{"[first]\ncount = 1.5\n", 2, "a whole number"},
		{"[first]\nany = 9223372036854775808\n", 2, "a whole number"},
		{"[first]\ncount = 0\n", 2, "between 1 and 100"},
		{"[first]\ncount = 101\n", 2, "between 1 and 100"},
		{"[first]\non = maybe\n", 2, "yes or no"},
		{"[first]\nwait = 30\n", 2, "a duration"},
		{"[first]\nwait = -1s\n", 2, "a duration"},
		{"[first]\nwait = 1 s\n", 2, "a duration"},
		{"[first]\nwait = 61s\n", 2, "between 0 and 60000 ms"},
		{"[first]\nlife = 25d\n", 2, "between"},
		{"[first]\nlife = 9223372036854775807d\n", 2, "a duration"},
		{"[first]\nsize = 5t\n", 2, "a size"},
		{"[first]\nsize = -1\n", 2, "a size"},
		{"[first]\n[second\nfile = x\n", 2, "neither [section] nor key = value"},
		{"[first]\nname = a\nnonsense\n", 3, "neither"},
	};
	char wanted[320];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_false(load(ROWS[i].text, strlen(ROWS[i].text)));
		snprintf(wanted, sizeof wanted, "%s:%d: ", path, ROWS[i].line);
		assert_memory_equal(message, wanted, strlen(wanted));
		assert_non_null(strstr(message, ROWS[i].part));
	}
}

static void refuses_odd_files(void **state)
{
	static char large[300000];
	char line[512];

	(void)state;
	assert_false(load("[first]\nname = a\0b\n", 19));
	assert_non_null(strstr(message, ":2: the line holds a NUL byte"));
	memset(line, 'x', sizeof line);
	memcpy(line, "[first]\nname = ", 15);
	assert_false(load(line, sizeof line));
	assert_non_null(strstr(message, ":2: the line is too long"));
	assert_true(load(line, 8 + 198));
	assert_int_equal(strlen(conf_string("first.name")), 191);
	memset(large, '\n', sizeof large);
	assert_false(load(large, sizeof large));
	assert_non_null(strstr(message, "larger than"));
	assert_false(conf_load("/nonexistent/stoa.conf", message));
	assert_string_equal(message, "/nonexistent/stoa.conf: No such file or directory");
	assert_false(conf_load("/tmp", message));
}

static void environment_wins(void **state)
{
	static const char TEXT[] = "[first]\nname = file\ncount = 3\n";

	(void)state;
	setenv("STOA_FIRST_NAME", "environment", 1);
	setenv("STOA_SECOND_PASSWORD", "", 1);
	setenv("STOA_ROOT", "/anywhere", 1);
	setenv("STOA_FIRSTLY", "not a section", 1);
	assert_true(load(TEXT, sizeof TEXT - 1));
	assert_string_equal(conf_string("first.name"), "environment");
	assert_int_equal(conf_int("first.count"), 3);
	unsetenv("STOA_FIRST_NAME");
	unsetenv("STOA_SECOND_PASSWORD");
	assert_true(load(TEXT, sizeof TEXT - 1));
	assert_string_equal(conf_string("first.name"), "file");
	setenv("STOA_FIRST_COUNT", "none", 1);
	assert_false(load("", 0));
	assert_string_equal(message, "STOA_FIRST_COUNT: first.count must be a whole number, not \"none\"");
	unsetenv("STOA_FIRST_COUNT");
	setenv("STOA_FIRST_CUONT", "1", 1);
	assert_false(load("", 0));
	assert_string_equal(message, "environment: STOA_FIRST_CUONT is no setting");
	unsetenv("STOA_FIRST_CUONT");
	unsetenv("STOA_ROOT");
	unsetenv("STOA_FIRSTLY");
}

static void finds_its_file(void **state)
{
	(void)state;
	assert_true(load("[first]\nname = here\n", 20));
	setenv("STOA_CONFIG", path, 1);
	assert_true(conf_load(NULL, message));
	assert_string_equal(conf_string("first.name"), "here");
	assert_string_equal(conf_path(), path);
	setenv("STOA_CONFIG", "/nonexistent/x", 1);
	assert_false(conf_load(NULL, message));
	setenv("STOA_CONFIG", "/dev/null", 1);
	assert_true(conf_load(NULL, message));
	assert_string_equal(conf_string("first.name"), "none");
	unsetenv("STOA_CONFIG");
}

static void prints_but_hides_secrets(void **state)
{
	static const char TEXT[] = "[first]\ncount = 3\n[second]\npassword = hunter2\n";
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	setenv("STOA_FIRST_ON", "yes", 1);
	assert_true(load(TEXT, sizeof TEXT - 1));
	conf_print(out);
	fclose(out);
	assert_non_null(strstr(text, "[first]\n; a name (default)\nname = none\n; a count (file)\ncount = 3\n"));
	assert_non_null(strstr(text, "; a switch (environment)\non = yes\n"));
	assert_non_null(strstr(text, "\n\n[second]\n; a secret (file)\npassword = (hidden)\n"));
	assert_null(strstr(text, "hunter2"));
	free(text);
	unsetenv("STOA_FIRST_ON");
	assert_false(load("[second]\npin = hunter2\n", 23));
	assert_null(strstr(message, "hunter2"));
}

/* True when what() ends the process by SIGABRT. */
static bool aborts(void (*what)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void ask_unknown(void)
{
	conf_string("first.nmae");
}

static void ask_wrong_type(void)
{
	conf_bool("first.count");
}

static void ask_ms_of_a_count(void)
{
	conf_ms("first.count");
}

static void add_bad_default(void)
{
	static const struct conf_row BAD[] = {{"bad.count", CONF_INT, "x"}, CONF_END};

	conf_add(BAD);
}

static void add_twice(void)
{
	static const struct conf_row TWICE[] = {{"first.name", CONF_STRING, "x"}, CONF_END};

	conf_add(TWICE);
}

static void ask_well(void)
{
	conf_string("first.name");
}

static void aborts_on_a_wrong_program(void **state)
{
	(void)state;
	assert_true(aborts(ask_unknown));
	assert_true(aborts(ask_wrong_type));
	assert_true(aborts(ask_ms_of_a_count));
	assert_true(aborts(add_bad_default));
	assert_true(aborts(add_twice));
	assert_false(aborts(ask_well));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_a_file),
		cmocka_unit_test(reads_values),
		cmocka_unit_test(refuses_with_file_and_line),
		cmocka_unit_test(refuses_odd_files),
		cmocka_unit_test(environment_wins),
		cmocka_unit_test(finds_its_file),
		cmocka_unit_test(prints_but_hides_secrets),
		cmocka_unit_test(aborts_on_a_wrong_program),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
