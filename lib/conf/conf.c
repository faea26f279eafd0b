#define _GNU_SOURCE /* environ */

#include "conf/conf.h"

#include "base/arena.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_MOST 512          /* keys of all tables */
#define CONF_FILE_BYTES 262144 /* largest file */
#define MESSAGE_BYTES 256

enum conf_origin { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT };

struct conf_entry {
	const struct conf_row *row;
	const char *text;
	int64_t number;
	enum conf_origin origin;
	int line; /* in the file, when it comes from there */
};

static struct {
	struct arena strings; /* live as long as the process */
	struct conf_entry entries[CONF_MOST];
	int count;
	const char *path;
} conf;

static bool refuse(char *message_out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char *message_out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message_out, MESSAGE_BYTES, format, args);
	va_end(args);
	return false;
}

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit DURATIONS[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {0}};
static const struct unit SIZES[] = {{"", 1}, {"k", 1024}, {"m", 1048576}, {"g", 1073741824}, {0}};
static const struct unit PLAIN[] = {{"", 1}, {0}};

static bool number_parse(const char *text, const struct unit *units, int64_t *number_out)
{
	char *end;
	long long number;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno)
		return false;
	if (!number && !*end) {
		*number_out = 0;
		return true;
	}
	for (; units->name; units++)
		if (!strcmp(end, units->name))
			return !__builtin_mul_overflow((int64_t)number, units->factor, number_out);
	return false;
}

static bool bool_parse(const char *text, int64_t *number_out)
{
	static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (int i = 0; i < 8; i++) {
		if (!strcmp(text, WORDS[i])) {
			*number_out = i % 2;
			return true;
		}
	}
	return false;
}

/* Reads text as the row's type; what it should have been otherwise. */
static const char *value_parse(const struct conf_row *row, const char *text, int64_t *number_out)
{
	bool known;

	*number_out = 0;
	switch (row->type) {
	case CONF_STRING:
	case CONF_PATH:
		return NULL;
	case CONF_INT:
		return number_parse(text, PLAIN, number_out) ? NULL : "a whole number";
	case CONF_BOOL:
		return bool_parse(text, number_out) ? NULL : "yes or no";
	case CONF_DURATION:
		known = number_parse(text, DURATIONS, number_out) && *number_out >= 0;
		return known ? NULL : "a duration such as 250ms, 30s, 5m, 2h or 7d";
	case CONF_BYTES:
		known = number_parse(text, SIZES, number_out) && *number_out >= 0;
		return known ? NULL : "a size such as 512, 64k, 2m or 1g";
	}
	return "of a known type";
}

static bool number_typed(const struct conf_row *row)
{
	return row->type == CONF_INT || row->type == CONF_DURATION || row->type == CONF_BYTES;
}

/* The largest value: conf_ms() returns an int, so a duration without bounds fits one. */
static int64_t row_most(const struct conf_row *row)
{
	if (row->least || row->most)
		return row->most;
	return row->type == CONF_DURATION ? INT_MAX : INT64_MAX;
}

static int64_t row_least(const struct conf_row *row)
{
	return row->least || row->most ? row->least : INT64_MIN;
}

/* Sets an entry. `where` begins the message. */
static bool entry_set(struct conf_entry *entry, const char *text, enum conf_origin origin, const char *where,
	char *message_out)
{
	const struct conf_row *row = entry->row;
	int64_t number;
	const char *wanted = value_parse(row, text, &number);

	if (wanted)
		return refuse(message_out, "%s: %s must be %s, not \"%.40s\"", where, row->name, wanted,
			row->secret ? "(hidden)" : text);
	if (number_typed(row) && (number < row_least(row) || number > row_most(row)))
		return refuse(message_out, "%s: %s must lie between %lld and %lld%s", where, row->name,
			(long long)row_least(row), (long long)row_most(row), row->type == CONF_DURATION ? " ms" : "");
	entry->text = origin == FROM_DEFAULT ? text : arena_strdup(&conf.strings, text);
	entry->number = number;
	entry->origin = origin;
	return true;
}

static void conf_abort(const char *why, const char *name)
{
	LOG(LOG_ERROR, "configuration-table", LOG_T("reason", why), LOG_T("key", name));
	abort();
}

static struct conf_entry *entry_find(const char *name)
{
	for (int i = 0; i < conf.count; i++)
		if (!strcmp(conf.entries[i].row->name, name))
			return &conf.entries[i];
	return NULL;
}

static void entry_default(struct conf_entry *entry)
{
	char message[MESSAGE_BYTES];

	if (!entry_set(entry, entry->row->fallback ? entry->row->fallback : "", FROM_DEFAULT, "default", message))
		conf_abort(message, entry->row->name);
	entry->line = 0;
}

void conf_add(const struct conf_row *rows)
{
	for (; rows->name; rows++) {
		struct conf_entry *known = entry_find(rows->name);

		if (known && known->row == rows)
			continue;
		if (known || !strchr(rows->name, '.'))
			conf_abort(known ? "two tables have this key" : "a key needs a section", rows->name);
		if (conf.count == CONF_MOST)
			conf_abort("too many keys", rows->name);
		conf.entries[conf.count].row = rows;
		entry_default(&conf.entries[conf.count++]);
	}
}

/* A file being read; libinih asks for line after line. */
struct source {
	const char *path;
	const char *at;
	const char *end;
	int line;
	char *message; /* empty until the first fault */
};

static bool source_refuse(struct source *source, const char *what)
{
	if (!source->message[0])
		refuse(source->message, "%s:%d: %s", source->path, source->line, what);
	return false;
}

static char *source_line(char *line, int room, void *handle)
{
	struct source *source = handle;
	const char *end = memchr(source->at, '\n', (size_t)(source->end - source->at));
	size_t length;

	if (source->at == source->end || source->message[0])
		return NULL;
	source->line++;
	end = end ? end : source->end;
	length = (size_t)(end - source->at);
	if (length + 2 > (size_t)room) {
		source_refuse(source, "the line is too long (at most 198 bytes; longer values go into the environment)");
		return NULL;
	}
	if (memchr(source->at, '\0', length)) {
		source_refuse(source, "the line holds a NUL byte");
		return NULL;
	}
	memcpy(line, source->at, length);
	line[length] = '\n';
	line[length + 1] = '\0';
	source->at = end < source->end ? end + 1 : end;
	return line;
}

static int source_entry(void *handle, const char *section, const char *name, const char *value)
{
	struct source *source = handle;
	char key[128], where[160];
	struct conf_entry *entry;

	if (source->message[0])
		return 0;
	snprintf(key, sizeof key, "%s.%s", section, name);
	snprintf(where, sizeof where, "%s:%d", source->path, source->line);
	entry = entry_find(key);
	if (!entry)
		return refuse(source->message, "%s: unknown key \"%s\"", where, key);
	if (entry->origin == FROM_FILE)
		return refuse(source->message, "%s: %s is given twice (first in line %d; an indented line continues the one before)",
			where, key, entry->line);
	entry->line = source->line;
	return entry_set(entry, value ? value : "", FROM_FILE, where, source->message);
}

static bool text_load(const char *path, const char *text, size_t bytes, char *message_out)
{
	struct source source = {.path = path, .at = text, .end = text + bytes, .message = message_out};
	int fault_line = ini_parse_stream(source_line, &source, source_entry, &source);

	if (!fault_line)
		return !message_out[0];
	/* libinih reads on after a line that it cannot parse, so an earlier one may have no message yet. */
	if (!message_out[0] || fault_line < source.line) {
		source.line = fault_line;
		message_out[0] = '\0';
		source_refuse(&source, "neither [section] nor key = value");
	}
	return false;
}

static bool file_read(FILE *file, const char *path, char *text, char *message_out)
{
	size_t bytes = fread(text, 1, CONF_FILE_BYTES + 1, file);

	if (ferror(file))
		return refuse(message_out, "%s: cannot be read", path);
	if (bytes > CONF_FILE_BYTES)
		return refuse(message_out, "%s: larger than %d bytes", path, CONF_FILE_BYTES);
	return text_load(path, text, bytes, message_out);
}

static bool file_load(const char *path, char *message_out)
{
	FILE *file = fopen(path, "re");
	char *text;
	bool loaded;

	if (!file)
		return refuse(message_out, "%s: %s", path, strerror(errno));
	text = malloc(CONF_FILE_BYTES + 1);
	loaded = text ? file_read(file, path, text, message_out) : refuse(message_out, "%s: out of memory", path);
	free(text);
	fclose(file);
	return loaded;
}

/* "STOA_DB_POOL_SIZE" for "db.pool_size"; `length` characters of name. */
static void variable_name(const char *name, size_t length, char out[MESSAGE_BYTES])
{
	size_t used = (size_t)snprintf(out, MESSAGE_BYTES, "STOA_");

	for (size_t i = 0; i < length && used + 1 < MESSAGE_BYTES; i++)
		out[used++] = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
	out[used] = '\0';
}

static bool variable_load(const char *variable, size_t name_length, const char *value, char *message_out)
{
	bool section_known = false;
	char wanted[MESSAGE_BYTES];

	for (int i = 0; i < conf.count; i++) {
		const char *name = conf.entries[i].row->name;

		variable_name(name, strlen(name), wanted);
		if (strlen(wanted) == name_length && !memcmp(wanted, variable, name_length)) {
			return entry_set(&conf.entries[i], value, FROM_ENVIRONMENT, wanted, message_out);
		}
		variable_name(name, (size_t)(strchr(name, '.') - name) + 1, wanted);
		section_known = section_known || !strncmp(wanted, variable, strlen(wanted));
	}
	if (section_known)
		return refuse(message_out, "environment: %.*s is no setting", (int)name_length, variable);
	return true;
}

static bool environment_load(char *message_out)
{
	for (char **variable = environ; *variable; variable++) {
		const char *equals = strchr(*variable, '=');

		if (strncmp(*variable, "STOA_", 5) || !equals)
			continue;
		if (!variable_load(*variable, (size_t)(equals - *variable), equals + 1, message_out))
			return false;
	}
	return true;
}

static const char *path_choose(const char *path)
{
	static const char USUAL[] = STOA_SYSCONFDIR "/stoa/stoa.conf";

	if (!path)
		path = getenv("STOA_CONFIG");
	if (path && *path)
		return path;
	return access(USUAL, F_OK) ? NULL : USUAL;
}

bool conf_load(const char *path, char message_out[MESSAGE_BYTES])
{
	message_out[0] = '\0';
	for (int i = 0; i < conf.count; i++)
		entry_default(&conf.entries[i]);
	path = path_choose(path);
	conf.path = path ? arena_strdup(&conf.strings, path) : NULL;
	if (conf.path && !file_load(conf.path, message_out))
		return false;
	return environment_load(message_out);
}

static const struct conf_entry *entry_get(const char *name)
{
	const struct conf_entry *entry = entry_find(name);

	if (!entry)
		conf_abort("no table has this key", name);
	return entry;
}

const char *conf_string(const char *name)
{
	return entry_get(name)->text;
}

int64_t conf_int(const char *name)
{
	const struct conf_entry *entry = entry_get(name);

	if (!number_typed(entry->row))
		conf_abort("not a number", name);
	return entry->number;
}

bool conf_bool(const char *name)
{
	const struct conf_entry *entry = entry_get(name);

	if (entry->row->type != CONF_BOOL)
		conf_abort("not yes or no", name);
	return entry->number != 0;
}

int conf_ms(const char *name)
{
	const struct conf_entry *entry = entry_get(name);

	if (entry->row->type != CONF_DURATION || entry->number > INT_MAX)
		conf_abort("not a duration that fits 31 bits of milliseconds", name);
	return (int)entry->number;
}

void conf_print(FILE *out)
{
	static const char *const ORIGINS[] = {"default", "file", "environment"};
	const char *section = "";

	for (int i = 0; i < conf.count; i++) {
		const struct conf_entry *entry = &conf.entries[i];
		const struct conf_row *row = entry->row;
		const char *key = strchr(row->name, '.') + 1;

		if (strncmp(section, row->name, (size_t)(key - row->name)))
			fprintf(out, "%s[%.*s]\n", i ? "\n" : "", (int)(key - row->name - 1), row->name);
		section = row->name;
		fprintf(out, "; %s (%s)\n", row->help ? row->help : "", ORIGINS[entry->origin]);
		fprintf(out, "%s = %s\n", key, row->secret && *entry->text ? "(hidden)" : entry->text);
	}
}

const char *conf_path(void)
{
	return conf.path;
}
