/* Errors: one list gives each its HTTP status, public code and title (design, "One idiom each").
 *
 * The place that meets a failure writes `return fail(ctx, ERR_X, "…")`; callers pass it on with TRY().
 * Only web/serve renders one. */
#ifndef STOA_BASE_ERROR_H
#define STOA_BASE_ERROR_H

/* name, HTTP status, public code (the last part of the problem's type URI), title */
#define ERROR_LIST(X) \
	X(OK, 200, "ok", "OK") \
	X(ERR_BAD_INPUT, 400, "bad-input", "The request cannot be read") \
	X(ERR_UNAUTHENTICATED, 401, "unauthenticated", "Authentication is required") \
	X(ERR_FORBIDDEN, 403, "forbidden", "Not allowed") \
	X(ERR_NOT_FOUND, 404, "not-found", "Not found") \
	X(ERR_METHOD, 405, "method-not-allowed", "Method not allowed") \
	X(ERR_CONFLICT, 409, "conflict", "The state has changed or forbids this") \
	X(ERR_GONE, 410, "gone", "No longer available") \
	X(ERR_PRECONDITION, 412, "precondition-failed", "Precondition failed") \
	X(ERR_TOO_LARGE, 413, "too-large", "The request is too large") \
	X(ERR_MEDIA_TYPE, 415, "unsupported-media-type", "Unsupported media type") \
	X(ERR_INVALID, 422, "invalid", "A value breaks a rule") \
	X(ERR_LOCKED, 423, "locked", "Locked for a while") \
	X(ERR_RATE_LIMITED, 429, "rate-limited", "Too many requests") \
	X(ERR_INTERNAL, 500, "internal", "Internal error") \
	X(ERR_UPSTREAM, 502, "upstream", "A service behind this one failed") \
	X(ERR_UNAVAILABLE, 503, "unavailable", "Unavailable for the moment") \
	X(ERR_SWITCHED_OFF, 503, "switched-off", "Switched off for the moment") \
	X(ERR_UNCERTAIN, 503, "uncertain", "The outcome is not known; read before you repeat") \
	X(ERR_TIMEOUT, 504, "timeout", "Took too long")

enum err {
#define X(name, status, code, title) name,
	ERROR_LIST(X)
#undef X
	ERR_COUNT
};

const char *error_name(enum err err);  /* "ERR_NOT_FOUND" */
int error_status(enum err err);        /* HTTP status */
const char *error_code(enum err err);  /* public code */
const char *error_title(enum err err);

#define TRY(expression) \
	do { \
		enum err try_err_ = (expression); \
		if (try_err_ != OK) \
			return try_err_; \
	} while (0)

#endif
