/* Audit log: append-only, written in the transaction of the change. */
#ifndef STOA_WHO_AUDIT_H
#define STOA_WHO_AUDIT_H

#include "who/who.h"

struct audit {
	const char *org_id;
	const char *actor_kind; /* "session", "key", "customer", "system" */
	const char *actor_id;   /* or NULL */
	const char *action;     /* "key.create" */
	const char *entity;     /* "api_key" */
	const char *entity_id;  /* or NULL */
	const char *before;     /* JSON or NULL; never a secret */
	const char *after;
	const char *address;    /* client address or NULL */
	const char *agent;      /* User-Agent or NULL, cut to 255 bytes */
};

enum err audit_write(struct lease *lease, const struct audit *audit);

#endif
