#include "pg/connection.h"

#include <string.h>

/* The first row whose text begins the state decides (PostgreSQL manual, appendix A). */
static const struct {
	const char *prefix;
	enum err err;
} STATES[] = {
	{"08", ERR_UNAVAILABLE},    /* connection exceptions */
	{"22", ERR_INVALID},        /* data exceptions */
	{"23505", ERR_CONFLICT},    /* unique_violation */
	{"23P01", ERR_CONFLICT},    /* exclusion_violation */
	{"23", ERR_INVALID},        /* other integrity constraints */
	{"25006", ERR_UNAVAILABLE}, /* read_only_sql_transaction: the primary has moved */
	{"40", ERR_CONFLICT},       /* serialization failure, deadlock */
	{"53", ERR_UNAVAILABLE},    /* insufficient resources */
	{"55P03", ERR_CONFLICT},    /* lock_not_available */
	{"57014", ERR_TIMEOUT},     /* query_canceled: statement_timeout */
	{"57P", ERR_UNAVAILABLE},   /* shutdown, crash, not yet up */
};

enum err sqlstate_err(const char *state)
{
	for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++) {
		if (!strncmp(state, STATES[i].prefix, strlen(STATES[i].prefix)))
			return STATES[i].err;
	}
	return ERR_INTERNAL;
}
