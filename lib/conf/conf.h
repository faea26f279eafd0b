/* Configuration: one table a module, an INI file, then the environment (design, "Config").
 *
 * Keys are "section.name"; the environment spells db.pool_size as STOA_DB_POOL_SIZE. An unknown key, a
 * repeated key or a value of the wrong type stops start-up with a message that names file and line.
 * Loaded once, before threads start; read-only afterwards. */
#ifndef STOA_CONF_CONF_H
#define STOA_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_STRING,
	CONF_INT,      /* decimal, with bounds */
	CONF_BOOL,     /* yes/no, true/false, on/off, 1/0 */
	CONF_DURATION, /* "250ms", "30s", "5m", "2h", "7d"; kept in milliseconds */
	CONF_BYTES,    /* "64k", "2m", "1g" or plain bytes */
	CONF_PATH
};

struct conf_row {
	const char *name;     /* "db.pool_size" */
	enum conf_type type;
	const char *fallback; /* in the file's spelling; "" = empty */
	bool secret;          /* never printed */
	int64_t least, most;  /* for INT, DURATION (ms) and BYTES; both 0 = unbounded */
	const char *help;     /* one line */
};

#define CONF_END {0}

/* A module's table, ended by CONF_END. Call before conf_load(). The same table may be added again; defaults hold
 * until conf_load(). */
void conf_add(const struct conf_row *rows);
/* Every program adds every module's table, since one file serves them all and an unknown section is an error. Lines
 * hold at most 198 bytes, " ;" begins a comment, other STOA_* variables than those of known sections are no
 * settings. path NULL: $STOA_CONFIG, else the compiled-in <sysconfdir>/stoa/stoa.conf if it exists. False: message_out
 * (256 bytes) says what is wrong and where. */
bool conf_load(const char *path, char message_out[256]);

/* Name must be in a table and of the type (conf_int: INT, DURATION in ms, BYTES): anything else aborts. Strings
 * live as long as the process. */
const char *conf_string(const char *name);
int64_t conf_int(const char *name);
bool conf_bool(const char *name);
int conf_ms(const char *name); /* a DURATION; without bounds in its row it is at most INT_MAX ms */

/* Prints every key in the file's form with its value, help and origin (default, file, environment); secrets as
 * "(hidden)". */
void conf_print(FILE *out);
/* The file that was read, or NULL. */
const char *conf_path(void);

#endif
