/* Metrics: exposition, processes, full and foreign files, a process that dies while it registers. */
#include "metric/metric.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char path[100];

static void setting(const char *name, const char *value)
{
	char message[256];
	setenv(name, value, 1);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

static int setup(void **state)
{
	char message[256];
	(void)state;
	unlink(path);
	setting("STOA_METRICS_FILE", path);
	setting("STOA_METRICS_SERIES", "256");
	return metric_open(message) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	metric_close();
	return 0;
}

static char *rendered(void)
{
	struct buffer out = {0};
	metric_render(&out);
	return out.data ? out.data : strdup("");
}

static void has(const char *text, bool wanted)
{
	char *all = rendered();
	if (!strstr(all, text) == wanted)
		fail_msg("%s: %s in\n%.3000s", wanted ? "missing" : "not expected", text, all);
	free(all);
}

static void exposition(void **state)
{
	(void)state;
	struct counter *counter = metric_counter("stoa_requests_total", "route=\"/health\",status=\"2xx\"", "Requests.");
	assert_ptr_equal(counter, metric_counter("stoa_requests_total", "route=\"/health\",status=\"2xx\"", "other help"));
	counter_add(counter, 3);
	struct gauge *gauge = metric_gauge("stoa_in_flight", "", "Requests in work, with \\ and\nline.");
	gauge_set(gauge, 5);
	counter_add(metric_counter("stoa_requests_total", "route=\"/a\",status=\"5xx\"", "Requests."), 18446744073709551615u);
	gauge_add(gauge, -7);
	has("# HELP stoa_in_flight Requests in work, with \\\\ and\\nline.\n# TYPE stoa_in_flight gauge\nstoa_in_flight -2\n"
		"# HELP stoa_requests_total Requests.\n# TYPE stoa_requests_total counter\n"
		"stoa_requests_total{route=\"/a\",status=\"5xx\"} 18446744073709551615\n"
		"stoa_requests_total{route=\"/health\",status=\"2xx\"} 3\n", true);
}

static void histograms(void **state)
{
	static const struct { int64_t us; const char *bucket, *below; } ROWS[] = {
		{-5, "0.000050\"} 1\n", NULL}, {0, "0.000050\"} 1\n", NULL}, {50, "0.000050\"} 1\n", NULL},
		{51, "0.000062\"} 1\n", "0.000050\"} 0\n"}, {62, "0.000062\"} 1\n", "0.000050\"} 0\n"},
		{63, "0.000075\"} 1\n", "0.000062\"} 0\n"}, {100, "0.000100\"} 1\n", "0.000087\"} 0\n"},
		{101, "0.000125\"} 1\n", "0.000100\"} 0\n"}, {1600, "0.001600\"} 1\n", "0.001400\"} 0\n"},
		{1601, "0.002000\"} 1\n", "0.001600\"} 0\n"}, {65536000, "65.536000\"} 1\n", "52.428800\"} 0\n"},
		{65536001, "+Inf\"} 1\n", "65.536000\"} 0\n"}, {INT64_MAX / 4, "+Inf\"} 1\n", "65.536000\"} 0\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char name[40], text[200];
		snprintf(name, sizeof name, "h%zu_seconds", i);
		struct histogram *histogram = metric_histogram(name, "a=\"b\"", "H.");
		histogram_observe(histogram, ROWS[i].us);
		assert_int_equal(histogram_count(histogram), 1);
		snprintf(text, sizeof text, "\n%s_bucket{a=\"b\",le=\"%s", name, ROWS[i].bucket);
		has(text, true);
		if (ROWS[i].below) {
			snprintf(text, sizeof text, "\n%s_bucket{a=\"b\",le=\"%s", name, ROWS[i].below);
			has(text, true);
		}
		snprintf(text, sizeof text, "\n%s_count{a=\"b\"} 1\n", name);
		has(text, true);
	}
	has("# TYPE h8_seconds histogram\n", true);
	has("\nh8_seconds_sum{a=\"b\"} 0.001600\n", true);
}

/* A share is exact at bounds of buckets, and in proportion between them: 100 µs and 125 µs are neighbouring bounds. */
static void shares(void **state)
{
	struct histogram *histogram = metric_histogram("stoa_share_seconds", "route=\"/a\"", "x");
	(void)state;
	assert_true(histogram_under(histogram, 1000) == 0);
	for (int i = 0; i < 8; i++)
		histogram_observe(histogram, 110);
	for (int i = 0; i < 2; i++)
		histogram_observe(histogram, INT64_C(1000000000));
	assert_true(histogram_under(histogram, 100) == 0);
	assert_true(histogram_under(histogram, 105) > 1.59 && histogram_under(histogram, 105) < 1.61);
	assert_true(histogram_under(histogram, 125) == 8);
	assert_true(histogram_under(histogram, 60000000) == 8);
}

/* Every line of a busy file is of the text format, names are grouped, buckets rise and end in the count. */
static void the_format_is_kept(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		char labels[40];
		snprintf(labels, sizeof labels, "n=\"%d\"", i * 7 % 20);
		counter_add(metric_counter(i % 2 ? "b_total" : "a_total", labels, "C."), 1);
		histogram_observe(metric_histogram(i % 2 ? "y_seconds" : "x_seconds", labels, "H."), i * 100);
	}
	char *all = rendered(), *rest = all, *line, names[64][80];
	int name_count = 0;
	unsigned long long last_bucket = 0;
	while ((line = strsep(&rest, "\n")) && rest) {
		char name[80], kind[20], labels[200];
		unsigned long long value;
		int end = 0;
		if (sscanf(line, "# HELP %79[a-z_] %n", name, &end) == 1 && end) {
			for (int i = 0; i < name_count; i++)
				assert_string_not_equal(names[i], name);
			memcpy(names[name_count++], name, sizeof name);
		} else if (sscanf(line, "# TYPE %79[a-z_] %19[a-z]%n", name, kind, &end) == 2 && line[end] == '\0') {
			assert_string_equal(names[name_count - 1], name);
		} else if (strstr(line, "_sum{")) {
			assert_int_equal(sscanf(line, "%79[a-z_]{%199[^}]} %llu.%*6d%n", name, labels, &value, &end), 3);
		} else {
			assert_int_equal(sscanf(line, "%79[a-z_]{%199[^}]} %llu%n", name, labels, &value, &end), 3);
			assert_int_equal(line[end], '\0');
			assert_int_equal(strncmp(name, names[name_count - 1], strlen(names[name_count - 1])), 0);
			if (strstr(name, "_bucket"))
				assert_true(strstr(labels, "le=\"0.000050\"") || value >= last_bucket);
			else if (strstr(name, "_count"))
				assert_true(value == last_bucket);
			last_bucket = value;
		}
	}
	assert_int_equal(name_count, 4);
	free(all);
}

static void wrong_series_are_refused(void **state)
{
	static const struct { const char *name, *labels; } ROWS[] = {
		{"no_suffix", ""}, {"", ""}, {"9a_total", ""}, {"a-b_total", ""}, {"a_total", "x"}, {"a_total", "x="}, {"a_total", "x=\"y"},
		{"a_total", "x=\"y\","}, {"a_total", "x=\"y\" z=\"a\""}, {"a_total", "x=\"y\nz\""}, {"a_total", "x=\"y\"z\""},
		{"a_total", "__x=\"y\""}, {"a_total", "x=\"\\q\""}, {"a_total", "a:b=\"y\""}, {"_total", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct counter *counter = metric_counter(ROWS[i].name, ROWS[i].labels, "");
		assert_non_null(counter);
		counter_add(counter, 1); /* harmless */
	}
	char *all = rendered();
	assert_string_equal(all, "");
	free(all);
	metric_counter("a_total", "x=\"a\\\\b\\\"c\\nd\",y=\"\"", "");
	has("a_total{x=\"a\\\\b\\\"c\\nd\",y=\"\"} 0\n", true);
	/* One name has one type. */
	gauge_set(metric_gauge("a_total", "", ""), 1);
	has("gauge", false);
}

static void a_full_file_hurts_nobody(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		char labels[40];
		snprintf(labels, sizeof labels, "n=\"%d\"", i);
		counter_add(metric_counter("full_total", labels, ""), 1);
	}
	has("full_total{n=\"0\"} 1\n", true);
	has("full_total{n=\"255\"} 1\n", true);
	has("full_total{n=\"256\"}", false);
	metric_close();
	unlink(path);
	char message[256];
	assert_true(metric_open(message));
	/* Large values share a room of their own: it ends first. */
	int fitted = 0;
	for (int i = 0; i < 256; i++) {
		char labels[40];
		snprintf(labels, sizeof labels, "n=\"%d\"", i);
		histogram_observe(metric_histogram("full_seconds", labels, ""), 1);
	}
	char *all = rendered();
	for (const char *at = all; (at = strstr(at, "full_seconds_count{")); at++)
		fitted++;
	free(all);
	assert_int_equal(fitted, (8192 + 9 * 256) / 84);
	counter_add(metric_counter("small_total", "", ""), 1);
	has("small_total 1\n", true);
}

#define PROCESSES 4
#define TIMES 2000

static void processes_count_together(void **state)
{
	char message[256];
	pid_t children[PROCESSES];
	(void)state;
	metric_close();
	for (int i = 0; i < PROCESSES; i++) {
		fflush(NULL);
		children[i] = fork();
		if (children[i] != 0)
			continue;
		if (!metric_open(message))
			_exit(1);
		for (int n = 0; n < TIMES; n++) {
			char labels[40];
			snprintf(labels, sizeof labels, "n=\"%d\"", n % 50);
			counter_add(metric_counter("together_total", labels, "T."), 1);
			histogram_observe(metric_histogram("together_seconds", "", "T."), n);
			summary_add(metric_summary("together_parts_seconds", "part=\"query\"", "T."), n);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_true(metric_open(message));
	char text[80];
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "\ntogether_total{n=\"%d\"} %d\n", i, PROCESSES * TIMES / 50);
		has(text, true);
	}
	snprintf(text, sizeof text, "\ntogether_seconds_count %d\n", PROCESSES * TIMES);
	has(text, true);
	/* 4 * (0 + 1 + … + 1999) µs */
	has("# TYPE together_parts_seconds summary\ntogether_parts_seconds_sum{part=\"query\"} 7.996000\n"
		"together_parts_seconds_count{part=\"query\"} 8000\n", true);
}

/* A level is the sum over those that live: one that is killed takes its share along, and who takes its place begins at 0. */
static void levels_are_of_the_living(void **state)
{
	char message[256], c;
	int ready[2], hold[2];
	(void)state;
	level_set(metric_level("stoa_open", "program=\"a\"", "Open."), 5);
	has("# TYPE stoa_open gauge\nstoa_open{program=\"a\"} 5\n", true);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(pipe(ready) | pipe(hold), 0);
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			close(hold[1]);
			metric_close(); /* the parent's share is none of its business */
			if (!metric_open(message))
				_exit(1);
			level_add(metric_level("stoa_open", "program=\"a\"", ""), 9);
			level_add(metric_level("stoa_open", "program=\"a\"", ""), -2);
			if (write(ready[1], "", 1) != 1 || read(hold[0], &c, 1) != 0)
				_exit(1);
			_exit(0);
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		has("stoa_open{program=\"a\"} 12\n", true);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ready[0]);
		close(hold[0]);
		close(hold[1]);
		has("stoa_open{program=\"a\"} 5\n", true);
	}
	metric_close();
	assert_true(metric_open(message));
	has("stoa_open{program=\"a\"} 0\n", true);
}

struct found { int count; uint64_t counts; double sum_s, value; char names[400]; };

static void find_one(void *argument, const struct metric_value *value)
{
	struct found *found = argument;
	found->count++;
	found->counts += value->count;
	found->sum_s += value->sum_s;
	found->value += value->value;
	strncat(found->names, value->name, sizeof found->names - strlen(found->names) - 1);
	strncat(found->names, " ", sizeof found->names - strlen(found->names) - 1);
	assert_true((value->kind == METRIC_HISTOGRAM) == (value->histogram != NULL));
}

static void series_can_be_read(void **state)
{
	(void)state;
	counter_add(metric_counter("stoa_read_total", "a=\"1\"", ""), 3);
	counter_add(metric_counter("stoa_read_total", "a=\"2\"", ""), 4);
	gauge_raise(metric_gauge("stoa_read_peak", "", ""), 70);
	gauge_raise(metric_gauge("stoa_read_peak", "", ""), 60);
	level_set(metric_level("stoa_read_level", "", ""), 2);
	histogram_observe(metric_histogram("stoa_read_seconds", "", ""), 1500000);
	summary_add_many(metric_summary("stoa_read_part_seconds", "", ""), 3, 500000);
	counter_add(metric_counter("other_total", "", ""), 1);
	static const struct { const char *prefix; int count; uint64_t counts; double sum_s, value; const char *names; } ROWS[] = {
		{"stoa_read_total", 2, 7, 0, 7, "stoa_read_total stoa_read_total "},
		{"stoa_read_peak", 1, 0, 0, 70, "stoa_read_peak "},
		{"stoa_read_level", 1, 0, 0, 2, "stoa_read_level "},
		{"stoa_read_seconds", 1, 1, 1.5, 0, "stoa_read_seconds "},
		{"stoa_read_part", 1, 3, 0.5, 0, "stoa_read_part_seconds "},
		{"", 7, 12, 2, 80, "stoa_read_total stoa_read_total stoa_read_peak stoa_read_level stoa_read_seconds stoa_read_part_seconds other_total "},
		{"absent", 0, 0, 0, 0, ""},
	};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct found found = {0};
		metric_each(ROWS[i].prefix, find_one, &found);
		assert_int_equal(found.count, ROWS[i].count);
		assert_int_equal(found.counts, ROWS[i].counts);
		assert_true(found.sum_s > ROWS[i].sum_s - 1e-9 && found.sum_s < ROWS[i].sum_s + 1e-9);
		assert_true(found.value == ROWS[i].value);
		assert_string_equal(found.names, ROWS[i].names);
	}
}

static void labels_can_be_read(void **state)
{
	static const struct { const char *labels, *name; size_t room; bool found; const char *value; } ROWS[] = {
		{"route=\"/a/:id\",method=\"GET\"", "route", 40, true, "/a/:id"},
		{"route=\"/a/:id\",method=\"GET\"", "method", 40, true, "GET"},
		{"subroute=\"x\",route=\"y\"", "route", 40, true, "y"},
		{"a=\",b=\\\"z\\\",\",b=\"q\"", "b", 40, true, "q"},
		{"a=\"1\\\\2\\n3\\\"\"", "a", 40, true, "1\\2\n3\""},
		{"a=\"12345\"", "a", 4, true, "123"}, {"a=\"\"", "a", 4, true, ""}, {"a=\"1\"", "b", 4, false, ""},
		{"", "a", 4, false, ""}, {"a", "a", 4, false, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char value[40] = "untouched";
		assert_int_equal(metric_label(ROWS[i].labels, ROWS[i].name, value, ROWS[i].room), ROWS[i].found);
		assert_string_equal(value, ROWS[i].value);
	}
}

static void what_was_never_observed_is_left_out(void **state)
{
	(void)state;
	metric_histogram("idle_seconds", "a=\"1\"", "I.");
	metric_summary("idle_parts_seconds", "a=\"1\"", "I.");
	metric_counter("idle_total", "a=\"1\"", "I.");
	has("idle_seconds", false);
	has("idle_parts", false);
	has("idle_total{a=\"1\"} 0\n", true);
	histogram_observe(metric_histogram("idle_seconds", "a=\"1\"", ""), 1);
	has("idle_seconds_count{a=\"1\"} 1\n", true);
}

/* Found once, and again when the file is another one. */
static void fixed_series_follow_the_file(void **state)
{
	static struct metric_fixed counter = {"fixed_total", "", "F."}, histogram = {"fixed_seconds", "", "F."};
	char message[256];
	(void)state;
	counter_add(fixed_counter(&counter), 2);
	counter_add(fixed_counter(&counter), 1);
	histogram_observe(fixed_histogram(&histogram), 1);
	has("fixed_total 3\n", true);
	has("fixed_seconds_count 1\n", true);
	metric_close();
	counter_add(fixed_counter(&counter), 1); /* nowhere, harmlessly */
	unlink(path);
	assert_true(metric_open(message));
	counter_add(fixed_counter(&counter), 5);
	has("fixed_total 5\n", true);
}

static void *observe_many(void *argument)
{
	for (int i = 0; i < 10000; i++) {
		char labels[40];
		snprintf(labels, sizeof labels, "n=\"%d\"", i % 20);
		counter_add(metric_counter("threads_total", labels, ""), 1);
		histogram_observe(argument, i);
	}
	return NULL;
}

static void threads_count_together(void **state)
{
	(void)state;
	pthread_t threads[4];
	struct histogram *histogram = metric_histogram("threads_seconds", "", "");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, observe_many, histogram);
	for (int i = 0; i < 10; i++)
		free(rendered());
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(histogram_count(histogram), 40000);
	has("threads_total{n=\"7\"} 2000\n", true);
}

/* Killed at random while registering, over and over: nobody waits for ever, and what is there stays whole. */
static void the_dead_block_nobody(void **state)
{
	(void)state;
	char message[256];
	for (int round = 0; round < 40; round++) {
		int ready[2];
		assert_int_equal(pipe(ready), 0);
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			metric_close();
			if (!metric_open(message) || write(ready[1], "", 1) != 1)
				_exit(1);
			for (int n = 0;; n++) {
				char labels[40];
				snprintf(labels, sizeof labels, "n=\"%d\"", n); /* ever new, until full: then always under the lock */
				metric_counter("killed_total", labels, "K.");
			}
		}
		char c;
		close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		close(ready[0]);
		usleep((useconds_t)(round * 50)); /* varies where it dies */
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		char labels[40];
		snprintf(labels, sizeof labels, "round=\"%d\"", round);
		counter_add(metric_counter("survivor_total", labels, "S."), 1);
		free(rendered());
		if (round % 10 == 9) { /* make room again */
			metric_close();
			unlink(path);
			assert_true(metric_open(message));
		}
	}
}

static void other_layouts_are_replaced(void **state)
{
	char message[256];
	(void)state;
	counter_add(metric_counter("kept_total", "", "K."), 4);
	metric_close();
	assert_true(metric_open(message));
	has("kept_total 4\n", true);
	metric_close();
	setting("STOA_METRICS_SERIES", "300"); /* another size */
	assert_true(metric_open(message));
	has("kept_total", false);
	counter_add(metric_counter("kept_total", "", "K."), 1);
	metric_close();
	FILE *file = fopen(path, "r+");
	assert_int_equal(fwrite("stoa metrics 0", 1, 14, file), 14);
	fclose(file);
	assert_true(metric_open(message));
	has("kept_total", false);
	metric_close();
	file = fopen(path, "w");
	fputs("short", file);
	fclose(file);
	assert_true(metric_open(message));
	metric_close();
	/* No file can be opened: private memory, and it still counts. */
	setting("STOA_METRICS_FILE", "/nonexistent/metrics");
	assert_false(metric_open(message));
	assert_non_null(strstr(message, "/nonexistent/metrics"));
	counter_add(metric_counter("private_total", "", "P."), 1);
	has("private_total 1\n", true);
	metric_close();
	setting("STOA_METRICS_FILE", "");
	assert_true(metric_open(message));
	has("private_total", false);
	metric_close();
	/* Not opened: nothing is counted, nothing fails. */
	counter_add(metric_counter("early_total", "", "E."), 1);
	char *all = rendered();
	assert_string_equal(all, "");
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exposition, setup, teardown),
		cmocka_unit_test_setup_teardown(histograms, setup, teardown),
		cmocka_unit_test_setup_teardown(shares, setup, teardown),
		cmocka_unit_test_setup_teardown(the_format_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_series_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_file_hurts_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(processes_count_together, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_count_together, setup, teardown),
		cmocka_unit_test_setup_teardown(levels_are_of_the_living, setup, teardown),
		cmocka_unit_test_setup_teardown(series_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(labels_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_never_observed_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(fixed_series_follow_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(the_dead_block_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(other_layouts_are_replaced, setup, teardown),
	};
	snprintf(path, sizeof path, "/tmp/stoa-metric-test-%d.shm", getpid());
	setenv("STOA_CONFIG", "/dev/null", 1);
	conf_add(METRIC_CONF);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
