/* Audit log: append-only, written in the transaction of the change. */
#ifndef STOA_WHO_AUDIT_H
#define STOA_WHO_AUDIT_H

#include "who/who.h"

struct audit {
	const char *org_id;
	const char *actor_kind; /* "session", "key", "customer", "system" */
	const char *actor_id;   /* of a session: the account; of a key: the key; or NULL */
	const char *action;     /* "key.create" */
	const char *entity;     /* "api_key" */
	const char *entity_id;  /* or NULL */
	const char *before;     /* JSON or NULL; never a secret */
	const char *after;
	const char *address;    /* client address or NULL */
	const char *agent;      /* User-Agent or NULL, cut to 255 bytes */
};

/* The line's request id is the ctx's. An address that is none, and bytes of the agent that are not UTF-8, are left out. */
enum err audit_write(struct lease *lease, const struct audit *audit);
/* A flat JSON object of text members for before and after: audit_note(ctx, "name", name, "role", role, NULL). A NULL value is null. */
const char *audit_note(struct ctx *ctx, const char *name, ...) __attribute__((sentinel));

/* The address if PostgreSQL takes it as inet, else NULL; and the agent, cut to 255 bytes at a character, or NULL. */
const char *audit_address(const char *text);
const char *audit_agent(struct ctx *ctx, const char *text);

#endif
