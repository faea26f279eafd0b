#include "who/who.h"

#include <string.h>

struct permission_row {
	const char *text;
	bool owner, admin, analyst, readonly, server_key, widget_key;
};

static const struct permission_row PERMISSIONS[PERMISSION_COUNT] = {
#define X(name, ...) [name] = {__VA_ARGS__},
	PERMISSION_LIST(X)
#undef X
};

_Static_assert(PERMISSION_COUNT <= 64, "struct who keeps permissions in 64 bits");

static const char *const ROLES[ROLE_COUNT] = {
	[ROLE_NONE] = "none",
	[ROLE_READONLY] = "readonly",
	[ROLE_ANALYST] = "analyst",
	[ROLE_ADMIN] = "admin",
	[ROLE_OWNER] = "owner",
};

const char *permission_text(enum permission permission)
{
	return PERMISSIONS[permission].text;
}

const char *role_text(enum role role)
{
	return ROLES[role];
}

enum role role_parse(const char *text)
{
	for (int role = ROLE_READONLY; text && role < ROLE_COUNT; role++)
		if (strcmp(text, ROLES[role]) == 0)
			return (enum role)role;
	return ROLE_NONE;
}

static bool role_has(enum role role, const struct permission_row *row)
{
	switch (role) {
	case ROLE_OWNER:
		return row->owner;
	case ROLE_ADMIN:
		return row->admin;
	case ROLE_ANALYST:
		return row->analyst;
	case ROLE_READONLY:
		return row->readonly;
	default:
		return false;
	}
}

uint64_t role_permissions(enum role role)
{
	uint64_t permissions = 0;

	for (int i = 0; i < PERMISSION_COUNT; i++)
		if (role_has(role, &PERMISSIONS[i]))
			permissions |= UINT64_C(1) << i;
	return permissions;
}

uint64_t key_permissions(bool widget)
{
	uint64_t permissions = 0;

	for (int i = 0; i < PERMISSION_COUNT; i++)
		if (widget ? PERMISSIONS[i].widget_key : PERMISSIONS[i].server_key)
			permissions |= UINT64_C(1) << i;
	return permissions;
}

uint64_t operator_permissions(void)
{
	return UINT64_C(1) << PERMIT_HOUSE_OPERATE | UINT64_C(1) << PERMIT_JOB_READ | UINT64_C(1) << PERMIT_JOB_WRITE;
}

bool who_may(const struct who *who, enum permission permission)
{
	return who->permissions >> permission & 1;
}
