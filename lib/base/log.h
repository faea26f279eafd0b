/* Log: one JSON object a line, to stderr or a file that SIGHUP reopens (log_reopen()).
 *
 * A line is written with one write(2) of at most 4096 bytes, so lines of several threads and processes never mix;
 * what does not fit is cut and the line gets "truncated":true. Before log_open() lines go to stderr, level info.
 * Text is escaped, bytes that are not UTF-8 become U+FFFD; never pass a secret. Levels as document 003, section 6:
 * error, warn, info, debug; above them critical, which document 001 ("Query Monitoring") has for slow statements. */
#ifndef STOA_BASE_LOG_H
#define STOA_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_CRITICAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* path NULL or "" = stderr. program is named in every line. False: the file cannot be opened (errno). */
bool log_open(const char *program, const char *path, enum log_level level);
/* Opens the path again (from a thread, not from a signal handler); when that fails, the old file stays in use. */
void log_reopen(void);
bool log_level_parse(const char *text, enum log_level *level_out);
bool log_wants(enum log_level level);

/* One value of a line. */
struct log_field {
	const char *name;
	enum { LOG_TEXT, LOG_NUMBER, LOG_REAL } type;
	const char *text;
	int64_t number;
	double real;
};

#define LOG_T(n, v) ((struct log_field){.name = (n), .type = LOG_TEXT, .text = (v)})
#define LOG_N(n, v) ((struct log_field){.name = (n), .type = LOG_NUMBER, .number = (int64_t)(v)})
#define LOG_R(n, v) ((struct log_field){.name = (n), .type = LOG_REAL, .real = (v)})

/* Writes {"time":…,"level":…,"program":…,"event":event, fields…}. Text fields that are NULL are left out. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, int count);

/* A pipe keeps writes of up to PIPE_BUF (4096) bytes whole, so no line is longer. */
#define LOG_LINE_BYTES 4096

/* From log_hold() to log_release() lines of this thread gather in *hold and are written together, in whole lines and at most
 * LOG_LINE_BYTES at once: for a thread that ends many units of work at a time. */
struct log_hold {
	char data[LOG_LINE_BYTES];
	size_t length;
};
void log_hold(struct log_hold *hold);
void log_release(void);

#define LOG(level, event, ...) \
	do { \
		if (log_wants(level)) { \
			const struct log_field log_fields_[] = {LOG_T("", 0), ##__VA_ARGS__}; \
			log_write((level), (event), log_fields_ + 1, (int)(sizeof log_fields_ / sizeof *log_fields_) - 1); \
		} \
	} while (0)

#endif
