#define _GNU_SOURCE /* memmem */

#include "cli/bench/http.h"

#include <string.h>
#include <strings.h>

void answer_reset(struct answer *answer, bool keep, bool bodiless)
{
	buffer_reset(&answer->line);
	buffer_reset(&answer->head);
	buffer_reset(&answer->body);
	*answer = (struct answer){.keep = keep, .bodiless = bodiless, .line = answer->line, .head = answer->head, .body = answer->body};
}

void answer_free(struct answer *answer)
{
	buffer_free(&answer->line);
	buffer_free(&answer->head);
	buffer_free(&answer->body);
}

static enum answer_state bad(struct answer *answer, const char *fault)
{
	answer->fault = fault;
	return ANSWER_BAD;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next header line at *at, which ends before `end`; false: there is none, or (*fault_out) it is none. */
static bool header_next(const char **at, const char *end, const char **name_out, size_t *name_bytes, const char **value_out, size_t *value_bytes,
	const char **fault_out)
{
	const char *line = *at, *stop;
	if (line >= end)
		return false;
	stop = memmem(line, (size_t)(end - line), "\r\n", 2);
	if (!stop)
		stop = end;
	*at = stop + 2;
	const char *colon = memchr(line, ':', (size_t)(stop - line));
	if (!colon || colon == line || *line == ' ' || *line == '\t' || colon[-1] == ' ' || colon[-1] == '\t' ||
		memchr(line, 0, (size_t)(stop - line)) || memchr(line, '\n', (size_t)(stop - line)) || memchr(line, '\r', (size_t)(stop - line))) {
		*fault_out = "a header line is none";
		return false;
	}
	*name_out = line;
	*name_bytes = (size_t)(colon - line);
	const char *value = colon + 1;
	while (value < stop && (*value == ' ' || *value == '\t'))
		value++;
	while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	*value_out = value;
	*value_bytes = (size_t)(stop - value);
	return true;
}

static bool same(const char *text, size_t bytes, const char *name)
{
	return bytes == strlen(name) && !strncasecmp(text, name, bytes);
}

/* One of a list's members, apart by commas. */
static bool listed(const char *text, size_t bytes, const char *name)
{
	for (const char *end = text + bytes; text < end;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end, *last = stop;
		while (text < last && (*text == ' ' || *text == '\t'))
			text++;
		while (last > text && (last[-1] == ' ' || last[-1] == '\t'))
			last--;
		if (same(text, (size_t)(last - text), name))
			return true;
		text = stop + 1;
	}
	return false;
}

struct framing {
	bool chunked, coded, sized;
	uint64_t length;
};

static const char *length_read(struct framing *framing, const char *value, size_t bytes)
{
	uint64_t length = 0;
	if (!bytes || bytes > 15)
		return "Content-Length is no length";
	for (size_t i = 0; i < bytes; i++) {
		if (!digit(value[i]))
			return "Content-Length is no length";
		length = 10 * length + (uint64_t)(value[i] - '0');
	}
	if (framing->sized && framing->length != length)
		return "two lengths";
	framing->sized = true;
	framing->length = length;
	return NULL;
}

static const char *headers_read(struct answer *answer, const char *at, const char *end, struct framing *framing)
{
	const char *name, *value, *fault = NULL;
	size_t name_bytes, value_bytes;
	while (!fault && header_next(&at, end, &name, &name_bytes, &value, &value_bytes, &fault)) {
		if (name_bytes == 14 && same(name, name_bytes, "content-length"))
			fault = length_read(framing, value, value_bytes);
		else if (name_bytes == 17 && same(name, name_bytes, "transfer-encoding")) {
			framing->chunked = !framing->coded && same(value, value_bytes, "chunked");
			framing->coded = true;
		} else if (name_bytes == 10 && same(name, name_bytes, "connection")) {
			answer->close = answer->close || listed(value, value_bytes, "close");
		} else if (name_bytes == 11 && same(name, name_bytes, "retry-after"))
			answer->retry_after = true;
	}
	if (!fault && framing->coded && !framing->chunked)
		fault = "a transfer coding that was not asked for";
	if (!fault && framing->coded && framing->sized)
		fault = "a length and chunks";
	return fault;
}

/* Status line and headers, without the empty line. */
static enum answer_state head_read(struct answer *answer, const char *head, size_t bytes)
{
	struct framing framing = {0};
	if (bytes < 12 || memcmp(head, "HTTP/1.", 7) || !digit(head[7]) || head[8] != ' ' || !digit(head[9]) || !digit(head[10]) || !digit(head[11]) ||
		(bytes > 12 && head[12] != ' ' && head[12] != '\r'))
		return bad(answer, "no status line of HTTP/1");
	answer->status = 100 * (head[9] - '0') + 10 * (head[10] - '0') + head[11] - '0';
	if (answer->status < 100 || answer->status > 599)
		return bad(answer, "no status of HTTP");
	answer->close = head[7] == '0';
	const char *line = memmem(head, bytes, "\r\n", 2);
	const char *fault = line ? headers_read(answer, line + 2, head + bytes, &framing) : NULL;
	if (fault)
		return bad(answer, fault);
	if (answer->status == 101)
		return bad(answer, "another protocol that was not asked for");
	if (answer->status < 200)
		return ANSWER_MORE;
	if (answer->keep)
		buffer_add(&answer->head, head, bytes);
	if (answer->bodiless || answer->status == 204 || answer->status == 304)
		answer->part = PART_DONE;
	else if (framing.chunked)
		answer->part = PART_SIZE;
	else if (framing.sized) {
		answer->left = framing.length;
		answer->part = framing.length ? PART_LENGTH : PART_DONE;
	} else {
		answer->part = PART_CLOSE;
		answer->close = true;
	}
	return answer->left > ANSWER_BODY_BYTES ? bad(answer, "a body beyond the limit") : ANSWER_MORE;
}

/* Takes bytes up to and with `mark`; *text_out is what stands before it once it has come, else NULL. */
static enum answer_state until(struct answer *answer, const char **data, size_t *bytes, const char *mark, size_t most, const char **text_out,
	size_t *text_bytes)
{
	size_t length = strlen(mark);
	*text_out = NULL;
	if (!answer->line.length) {
		const char *found = memmem(*data, *bytes, mark, length);
		if (found) {
			*text_out = *data;
			*text_bytes = (size_t)(found - *data);
			*bytes -= *text_bytes + length;
			*data = found + length;
			return *text_bytes > most ? bad(answer, "a head or line beyond the limit") : ANSWER_MORE;
		}
		buffer_add(&answer->line, *data, *bytes);
		*bytes = 0;
	} else {
		size_t before = answer->line.length, from = before >= length ? before - length + 1 : 0;
		buffer_add(&answer->line, *data, *bytes);
		const char *found = memmem(answer->line.data + from, answer->line.length - from, mark, length);
		size_t used = found ? (size_t)(found - answer->line.data) + length - before : *bytes;
		*data += used;
		*bytes -= used;
		if (found) {
			*text_out = answer->line.data;
			*text_bytes = (size_t)(found - answer->line.data);
			answer->line.length = 0;
			return *text_bytes > most ? bad(answer, "a head or line beyond the limit") : ANSWER_MORE;
		}
	}
	return answer->line.length > most + length ? bad(answer, "a head or line beyond the limit") : ANSWER_MORE;
}

static enum answer_state size_read(struct answer *answer, const char *text, size_t bytes)
{
	uint64_t size = 0;
	size_t at = 0;
	for (; at < bytes && at < 16; at++) {
		char c = text[at];
		int value = digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (value < 0)
			break;
		size = 16 * size + (uint64_t)value;
	}
	if (!at || at > 15 || (at < bytes && text[at] != ';' && text[at] != ' ' && text[at] != '\t'))
		return bad(answer, "no size of a chunk");
	if (answer->bytes + size > ANSWER_BODY_BYTES)
		return bad(answer, "a body beyond the limit");
	answer->left = size;
	answer->part = size ? PART_CHUNK : PART_TRAILER;
	return ANSWER_MORE;
}

static void body_take(struct answer *answer, const char *data, size_t bytes)
{
	answer->bytes += bytes;
	if (answer->keep && answer->body.length + bytes <= ANSWER_KEPT_BYTES)
		buffer_add(&answer->body, data, bytes);
}

static enum answer_state part_take(struct answer *answer, const char **data, size_t *bytes)
{
	const char *text;
	size_t length;
	switch (answer->part) {
	case PART_HEAD:
		if (until(answer, data, bytes, "\r\n\r\n", ANSWER_HEAD_BYTES, &text, &length) == ANSWER_BAD)
			return ANSWER_BAD;
		if (!text)
			return ANSWER_MORE;
		answer->head_bytes += length + 4;
		return answer->head_bytes > ANSWER_HEAD_BYTES ? bad(answer, "a head beyond the limit") : head_read(answer, text, length);
	case PART_SIZE:
	case PART_TRAILER:
		if (until(answer, data, bytes, "\r\n", ANSWER_HEAD_BYTES, &text, &length) == ANSWER_BAD)
			return ANSWER_BAD;
		if (!text)
			return ANSWER_MORE;
		answer->head_bytes += answer->part == PART_TRAILER ? length + 2 : 0;
		if (answer->part == PART_SIZE)
			return size_read(answer, text, length);
		answer->part = length ? PART_TRAILER : PART_DONE;
		return answer->head_bytes > ANSWER_HEAD_BYTES ? bad(answer, "trailers beyond the limit") : ANSWER_MORE;
	case PART_CHUNK_END:
		if (until(answer, data, bytes, "\r\n", 0, &text, &length) == ANSWER_BAD)
			return bad(answer, "a chunk is longer than announced");
		if (text)
			answer->part = PART_SIZE;
		return ANSWER_MORE;
	case PART_LENGTH:
	case PART_CHUNK:
		length = *bytes < answer->left ? *bytes : (size_t)answer->left;
		body_take(answer, *data, length);
		answer->left -= length;
		if (!answer->left)
			answer->part = answer->part == PART_LENGTH ? PART_DONE : PART_CHUNK_END;
		break;
	case PART_CLOSE:
		length = *bytes;
		body_take(answer, *data, length);
		if (answer->bytes > ANSWER_BODY_BYTES)
			return bad(answer, "a body beyond the limit");
		break;
	default:
		return bad(answer, "more than was announced");
	}
	*data += length;
	*bytes -= length;
	return ANSWER_MORE;
}

enum answer_state answer_take(struct answer *answer, const char *data, size_t bytes)
{
	while (bytes)
		if (part_take(answer, &data, &bytes) == ANSWER_BAD)
			return ANSWER_BAD;
	return answer->part == PART_DONE ? ANSWER_WHOLE : ANSWER_MORE;
}

enum answer_state answer_end(struct answer *answer)
{
	if (answer->part != PART_CLOSE)
		return bad(answer, "closed before the answer was whole");
	answer->part = PART_DONE;
	return ANSWER_WHOLE;
}

const char *answer_header(const struct answer *answer, const char *name, int n, size_t *bytes_out)
{
	const char *head = answer->head.data, *line = head ? memmem(head, answer->head.length, "\r\n", 2) : NULL;
	const char *at = line ? line + 2 : NULL, *found, *value, *fault;
	size_t found_bytes, value_bytes;
	while (at && header_next(&at, head + answer->head.length, &found, &found_bytes, &value, &value_bytes, &fault))
		if (same(found, found_bytes, name) && !n--) {
			*bytes_out = value_bytes;
			return value;
		}
	return NULL;
}
