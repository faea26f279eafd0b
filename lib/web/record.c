#include "web/record.h"

#include <string.h>

enum { BEGIN_REQUEST = 1, ABORT_REQUEST = 2, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };
enum { VERSION = 1, RESPONDER = 1 };

/* Web servers take at most some 64 KiB of headers themselves. */
#define PARAMS_MOST (256 << 10)

void inbound_reset(struct inbound *inbound)
{
	struct buffer params = inbound->params, body = inbound->body;
	size_t most = inbound->body_most;

	buffer_reset(&params);
	buffer_reset(&body);
	*inbound = (struct inbound){.params = params, .body = body, .body_most = most};
}

void inbound_free(struct inbound *inbound)
{
	buffer_free(&inbound->params);
	buffer_free(&inbound->body);
}

static size_t less(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A record's header is complete. */
static bool record_begins(struct inbound *inbound)
{
	const unsigned char *head = inbound->head;
	unsigned id = (unsigned)head[2] << 8 | head[3];

	inbound->content_left = (size_t)head[4] << 8 | head[5];
	inbound->padding_left = head[6];
	if (head[0] != VERSION)
		return false;
	if (head[1] == BEGIN_REQUEST && !inbound->begun) {
		inbound->id = id;
		inbound->begin_got = 0;
		return id && inbound->content_left == sizeof inbound->begin;
	}
	return true;
}

static bool is_ours(const struct inbound *inbound)
{
	return inbound->begun && inbound->id == ((unsigned)inbound->head[2] << 8 | inbound->head[3]);
}

static void content_add(struct inbound *inbound, const unsigned char *data, size_t bytes)
{
	unsigned char type = inbound->head[1];

	if (type == BEGIN_REQUEST && !inbound->begun) {
		memcpy(inbound->begin + inbound->begin_got, data, bytes);
		inbound->begin_got += bytes;
	} else if (type == PARAMS && is_ours(inbound) && !inbound->params_done) {
		buffer_add(&inbound->params, data, bytes);
	} else if (type == STDIN && is_ours(inbound) && !inbound->done) {
		buffer_add(&inbound->body, data, less(bytes, inbound->body_most - inbound->body.length));
	}
}

/* A record is complete. */
static bool record_ends(struct inbound *inbound)
{
	unsigned char type = inbound->head[1];
	bool empty = !inbound->head[4] && !inbound->head[5];

	inbound->head_got = 0;
	if (type == BEGIN_REQUEST && !inbound->begun) {
		inbound->begun = true;
		return inbound->begin[0] == 0 && inbound->begin[1] == RESPONDER;
	}
	if (!is_ours(inbound))
		return true;
	if (type == ABORT_REQUEST)
		return false;
	if (type == PARAMS && empty)
		inbound->params_done = true;
	if (type == STDIN && empty)
		inbound->done = inbound->params_done;
	return inbound->params.length <= PARAMS_MOST;
}

bool inbound_feed(struct inbound *inbound, const void *data, size_t bytes)
{
	const unsigned char *at = data, *end = at + bytes;

	while (at < end && !inbound->done) {
		size_t step;

		if (inbound->head_got < sizeof inbound->head) {
			step = less((size_t)(end - at), sizeof inbound->head - inbound->head_got);
			memcpy(inbound->head + inbound->head_got, at, step);
			inbound->head_got += step;
			at += step;
			if (inbound->head_got < sizeof inbound->head)
				break;
			if (!record_begins(inbound))
				return false;
		} else if (inbound->content_left) {
			step = less((size_t)(end - at), inbound->content_left);
			content_add(inbound, at, step);
			inbound->content_left -= step;
			at += step;
		} else {
			step = less((size_t)(end - at), inbound->padding_left);
			inbound->padding_left -= step;
			at += step;
		}
		if (!inbound->content_left && !inbound->padding_left && !record_ends(inbound))
			return false;
	}
	return true;
}

/* Section 3.4: one byte, or four with the first bit set. */
static bool length_read(const struct buffer *params, size_t *at, size_t *length_out)
{
	const unsigned char *data = (const unsigned char *)params->data + *at;
	size_t left = params->length - *at;
	bool is_long = left && data[0] & 0x80;

	if (left < (is_long ? 4 : 1))
		return false;
	*length_out = is_long ? ((size_t)data[0] & 0x7f) << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3] : data[0];
	*at += is_long ? 4 : 1;
	return true;
}

bool inbound_pair(struct inbound *inbound, size_t *at, const char **name_out, const char **value_out)
{
	struct buffer *params = &inbound->params;
	size_t start = *at, next = start, name, value;
	char *to;

	if (next >= params->length || !length_read(params, &next, &name) || !length_read(params, &next, &value))
		return false;
	if (name > params->length - next || value > params->length - next - name)
		return false;
	/* The two lengths took two bytes or more: room for two NULs. */
	to = params->data + start;
	memmove(to, params->data + next, name);
	to[name] = '\0';
	memmove(to + name + 1, params->data + next + name, value);
	to[name + 1 + value] = '\0';
	*name_out = to;
	*value_out = to + name + 1;
	*at = next + name + value;
	return true;
}

void record_head(unsigned char out[RECORD_HEAD], unsigned id, size_t bytes)
{
	const unsigned char head[RECORD_HEAD] = {VERSION, STDOUT, (unsigned char)(id >> 8), (unsigned char)id,
		(unsigned char)(bytes >> 8), (unsigned char)bytes};

	memcpy(out, head, sizeof head);
}

void record_end(unsigned char out[RECORD_END], unsigned id)
{
	const unsigned char head[8] = {VERSION, END_REQUEST, (unsigned char)(id >> 8), (unsigned char)id, 0, 8};

	memset(out, 0, RECORD_END);
	record_head(out, id, 0);
	memcpy(out + RECORD_HEAD, head, sizeof head);
}
