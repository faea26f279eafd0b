#include "base/failpoint.h"

#ifdef STOA_FAIL_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_ROOM 160

/* Appending is atomic, so threads and processes share the file. */
static void trace(const char *name)
{
	const char *path = getenv("STOA_FAIL_TRACE");
	char line[NAME_ROOM + 1];
	int length = snprintf(line, sizeof line, "%s\n", name);
	int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
	if (file < 0)
		return;
	if (write(file, line, (size_t)length) != length)
		abort();
	close(file);
}

static bool is_ours(void)
{
	const char *path = getenv("STOA_FAIL_ONCE");
	if (!path)
		return true;
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file < 0)
		return false;
	close(file);
	return true;
}

void fail_point(const char *what, const char *moment)
{
	static atomic_long passed;
	const char *wanted = getenv("STOA_FAIL_POINT");
	char name[NAME_ROOM];
	size_t length = (size_t)snprintf(name, sizeof name, "%s:%s", what, moment);
	trace(name);
	if (!wanted || strncmp(wanted, name, length) || (wanted[length] && wanted[length] != '#'))
		return;
	long nth = wanted[length] ? strtol(wanted + length + 1, NULL, 10) : 1;
	if (atomic_fetch_add(&passed, 1) + 1 == nth && is_ours())
		kill(getpid(), SIGKILL);
}

/* The last statement of this thread, whose transaction a COMMIT ends. */
static _Thread_local const char *last;

void fail_point_statement(const char *name, bool in_transaction, const char *moment)
{
	last = name;
	if (!in_transaction || !strcmp(moment, "sent"))
		fail_point(name, moment);
}

void fail_point_commit(const char *text, const char *moment)
{
	char what[NAME_ROOM - 16];
	if (strcmp(text, "commit"))
		return;
	snprintf(what, sizeof what, "commit.%s", last ? last : "nothing");
	fail_point(what, moment);
}

void fail_point_call(const char *peer, const char *method, const char *moment)
{
	char what[NAME_ROOM - 16];
	snprintf(what, sizeof what, "net.%.*s.%s", (int)strcspn(peer, ":"), peer, method);
	fail_point(what, moment);
}

/* The number behind a line's words, or 0. */
static long slow_read(const char *words)
{
	const char *path = getenv("STOA_FAIL_SLOW");
	FILE *file = path ? fopen(path, "re") : NULL;
	size_t length = strlen(words);
	char line[NAME_ROOM + 64];
	long number = 0;
	while (file && !number && fgets(line, sizeof line, file))
		if (!strncmp(line, words, length) && line[length] == ' ')
			number = strtol(line + length, NULL, 10);
	if (file)
		fclose(file);
	return number;
}

void fail_point_route(const char *method, const char *route)
{
	char words[NAME_ROOM];
	snprintf(words, sizeof words, "sleep %s %s", method, route);
	long ms = slow_read(words);
	if (ms > 0)
		usleep((useconds_t)ms * 1000);
}

int fail_point_repeats(const char *statement)
{
	char words[NAME_ROOM];
	snprintf(words, sizeof words, "repeat %s", statement);
	return (int)slow_read(words);
}

#endif
