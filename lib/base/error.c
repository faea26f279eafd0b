#include "base/error.h"

static const struct {
	const char *name;
	int status;
	const char *code;
	const char *title;
} ERRORS[ERR_COUNT] = {
#define X(name, status, code, title) [name] = {#name, status, code, title},
	ERROR_LIST(X)
#undef X
};

static enum err error_known(enum err err)
{
	return (unsigned)err < ERR_COUNT ? err : ERR_INTERNAL;
}

const char *error_name(enum err err)
{
	return ERRORS[error_known(err)].name;
}

int error_status(enum err err)
{
	return ERRORS[error_known(err)].status;
}

const char *error_code(enum err err)
{
	return ERRORS[error_known(err)].code;
}

const char *error_title(enum err err)
{
	return ERRORS[error_known(err)].title;
}
