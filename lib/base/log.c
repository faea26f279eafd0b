#define _GNU_SOURCE /* dup3 */

#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_TAIL ",\"truncated\":true}\n"
#define LOG_ROOM (LOG_LINE_BYTES - sizeof LOG_TAIL)

static struct {
	int fd;
	atomic_int level;
	char program[64];
	char path[1024];
} log_state = {.fd = STDERR_FILENO, .level = LOG_INFO, .program = "stoa"};

static const char *const LEVELS[] = {"critical", "error", "warn", "info", "debug"};

static int log_open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

bool log_open(const char *program, const char *path, enum log_level level)
{
	int fd = STDERR_FILENO;

	if (path && *path) {
		if (strlen(path) >= sizeof log_state.path) {
			errno = ENAMETOOLONG;
			return false;
		}
		fd = log_open_file(path);
		if (fd < 0)
			return false;
	}
	if (log_state.fd != STDERR_FILENO)
		close(log_state.fd);
	log_state.fd = fd;
	snprintf(log_state.path, sizeof log_state.path, "%s", path ? path : "");
	snprintf(log_state.program, sizeof log_state.program, "%s", program);
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
	return true;
}

void log_reopen(void)
{
	int fd;

	if (!log_state.path[0])
		return;
	fd = log_open_file(log_state.path);
	if (fd < 0) {
		LOG(LOG_ERROR, "log-reopen-failed", LOG_T("path", log_state.path), LOG_N("errno", errno));
		return;
	}
	/* The number stays, so a thread that is writing meets the old file or the new one. */
	dup3(fd, log_state.fd, O_CLOEXEC);
	close(fd);
}

bool log_level_parse(const char *text, enum log_level *level_out)
{
	for (int i = LOG_CRITICAL; i <= LOG_DEBUG; i++) {
		if (!strcmp(text, LEVELS[i])) {
			*level_out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool log_wants(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

struct line {
	char data[LOG_LINE_BYTES];
	size_t length;
	bool full;
};

/* All of it or, when the line is full, nothing. */
static bool line_add(struct line *line, const char *data, size_t bytes)
{
	if (bytes > LOG_ROOM - line->length) {
		line->full = true;
		return false;
	}
	memcpy(line->data + line->length, data, bytes);
	line->length += bytes;
	return true;
}

static bool line_escape(struct line *line, unsigned char c)
{
	static const char HEX[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};

	if (c != '"' && c != '\\')
		return line_add(line, escape, sizeof escape);
	escape[1] = (char)c;
	return line_add(line, escape, 2);
}

/* One character of text, at `at`; the bytes it took, or 0 when the line is full. */
static size_t line_character(struct line *line, const char *text, size_t bytes)
{
	unsigned char c = (unsigned char)*text;
	size_t step = utf8_step(text, bytes);

	if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
		return line_escape(line, c);
	if (!step)
		return line_add(line, "\xef\xbf\xbd", 3);
	return line_add(line, text, step) ? step : 0;
}

/* A text that does not fit is cut between two characters. */
static void line_string(struct line *line, const char *text)
{
	size_t left = strlen(text);
	size_t room = LOG_ROOM - 1; /* for the closing quote */

	line_add(line, "\"", 1);
	while (left) {
		size_t plain = 0;
		size_t step;

		while (plain < left && text[plain] >= 0x20 && text[plain] < 0x7f && text[plain] != '"' && text[plain] != '\\')
			plain++;
		if (plain > room - line->length) {
			plain = room - line->length;
			line->full = true;
		}
		line_add(line, text, plain);
		text += plain;
		left -= plain;
		if (!left || line->full)
			break;
		if (room - line->length < 6) {
			line->full = true;
			break;
		}
		step = line_character(line, text, left);
		text += step;
		left -= step;
	}
	line->data[line->length++] = '"';
}

static void line_number(struct line *line, int64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--at] = '-';
	line_add(line, digits + at, sizeof digits - at);
}

static void line_real(struct line *line, double value)
{
	char text[32];
	int length = snprintf(text, sizeof text, fabs(value) < 1e15 ? "%.3f" : "%.6e", value);

	if (isfinite(value))
		line_add(line, text, (size_t)length);
	else
		line_add(line, "null", 4);
}

static void line_name(struct line *line, const char *name)
{
	line_add(line, ",\"", 2);
	line_add(line, name, strlen(name));
	line_add(line, "\":", 2);
}

static void line_field(struct line *line, const struct log_field *field)
{
	/* Name, punctuation and the longest number, or a text's two quotes and first character. */
	if (strlen(field->name) + 40 > LOG_ROOM - line->length) {
		line->full = true;
		return;
	}
	line_name(line, field->name);
	if (field->type == LOG_TEXT)
		line_string(line, field->text);
	else if (field->type == LOG_NUMBER)
		line_number(line, field->number);
	else
		line_real(line, field->real);
}

static _Thread_local struct log_hold *holding;

static void bytes_write(const char *data, size_t bytes)
{
	while (write(log_state.fd, data, bytes) < 0 && errno == EINTR)
		;
}

static void hold_flush(struct log_hold *hold)
{
	if (hold->length)
		bytes_write(hold->data, hold->length);
	hold->length = 0;
}

static void line_write(const struct line *line)
{
	if (!holding) {
		bytes_write(line->data, line->length);
		return;
	}
	if (line->length > sizeof holding->data - holding->length)
		hold_flush(holding);
	memcpy(holding->data + holding->length, line->data, line->length);
	holding->length += line->length;
}

void log_hold(struct log_hold *hold)
{
	hold->length = 0;
	holding = hold;
}

void log_release(void)
{
	int kept_errno = errno;

	if (holding)
		hold_flush(holding);
	holding = NULL;
	errno = kept_errno;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, int count)
{
	struct line line;
	char now[CLOCK_TEXT];
	int kept_errno = errno;

	line.length = 0;
	line.full = false;
	clock_format(clock_wall_us(), now);
	line_add(&line, "{\"time\":\"", 9);
	line_add(&line, now, strlen(now));
	line_add(&line, "\",\"level\":\"", 11);
	line_add(&line, LEVELS[level], strlen(LEVELS[level]));
	line_add(&line, "\"", 1);
	line_field(&line, &LOG_T("program", log_state.program));
	line_field(&line, &LOG_T("event", event));
	for (int i = 0; i < count && !line.full; i++)
		if (fields[i].type != LOG_TEXT || fields[i].text)
			line_field(&line, &fields[i]);
	if (line.full) {
		memcpy(line.data + line.length, LOG_TAIL, sizeof LOG_TAIL - 1);
		line.length += sizeof LOG_TAIL - 1;
	} else {
		memcpy(line.data + line.length, "}\n", 2);
		line.length += 2;
	}
	line_write(&line);
	errno = kept_errno;
}
