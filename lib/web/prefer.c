#include "web/site.h"

#include <string.h>
#include <strings.h>

#define WAIT_MOST_S 30
#define SPARE_MS 1000 /* of the request's deadline, for the answer itself */

static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char BLANKS[] = " \t";

/* A quoted string's end, or NULL when it has none. */
static const char *quoted_end(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && !*++at)
			return NULL;
	return *at ? at + 1 : NULL;
}

/* [ BWS "=" BWS word ]; false: malformed. value_out and length_out: without quotes, empty when there is none. */
static bool value_read(const char **at, const char **value_out, size_t *length_out)
{
	const char *next = *at + strspn(*at, BLANKS);
	*value_out = next;
	*length_out = 0;
	if (*next != '=')
		return true;
	next++;
	next += strspn(next, BLANKS);
	bool quoted = *next == '"';
	const char *end = quoted ? quoted_end(next) : next + strspn(next, TOKEN);
	if (!end)
		return false;
	*value_out = next + quoted;
	*length_out = (size_t)(end - next) - (quoted ? 2 : 0);
	*at = end;
	return true;
}

/* Moves on to the next preference, past parameters; false: none follows. */
static bool next_preference(const char **at)
{
	while (**at && **at != ',')
		if (**at != '"')
			++*at;
		else if (!(*at = quoted_end(*at)))
			return false;
	return *(*at += strspn(*at, ", \t"));
}

int prefer_wait_s(const char *text)
{
	const char *at = text + strspn(text, ", \t"), *value;
	size_t length;
	while (*at) {
		const char *name = at;
		size_t name_length = strspn(at, TOKEN);
		at += name_length;
		if (!value_read(&at, &value, &length))
			return -1;
		/* The first of a name counts (RFC 7240, section 2). */
		if (name_length == 4 && !strncasecmp(name, "wait", 4)) {
			int seconds = 0;
			if (!length || strspn(value, "0123456789") < length)
				return -1;
			for (size_t i = 0; i < length && seconds <= WAIT_MOST_S; i++)
				seconds = seconds * 10 + (value[i] - '0');
			return seconds < WAIT_MOST_S ? seconds : WAIT_MOST_S;
		}
		if (!next_preference(&at))
			return -1;
	}
	return -1;
}

int prefer_wait_ms(struct req *req, struct rep *rep)
{
	struct site *site = site_one();
	const char *given = req->header(req, "Prefer");
	/* The wait is the client's choice: it has all of web.deadline, and its place is for others. */
	req->ctx.deadline_us = req->start_us + site->deadline_us;
	int seconds = given ? prefer_wait_s(given) : -1, left_s = (ctx_left_ms(&req->ctx, INT32_MAX) - SPARE_MS) / 1000;
	if (seconds > left_s)
		seconds = left_s;
	if (seconds <= 0 || req->waiting)
		return 0;
	if (atomic_fetch_add_explicit(&site->waiting, 1, memory_order_relaxed) >= site->waiting_most) {
		atomic_fetch_sub_explicit(&site->waiting, 1, memory_order_relaxed);
		return 0;
	}
	req->waiting = true;
	places_leave(&site->places, req->order);
	req->order = SHED_LAST;
	reply_header(rep, "Preference-Applied", arena_printf(&req->ctx.arena, "wait=%d", seconds));
	return seconds * 1000;
}

void prefer_done(struct req *req)
{
	if (req->waiting)
		atomic_fetch_sub_explicit(&site_one()->waiting, 1, memory_order_relaxed);
	req->waiting = false;
}
