#include "base/buffer.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HEX_LOWER[] = "0123456789abcdef";
static const char HEX_UPPER[] = "0123456789ABCDEF";

void buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	buffer->data = NULL;
	buffer->length = buffer->room = 0;
	buffer->failed = false;
}

/* Room for `bytes` more and a NUL. */
static bool buffer_reserve(struct buffer *buffer, size_t bytes)
{
	size_t limit = buffer->limit ? buffer->limit : BUFFER_LIMIT;
	size_t room = buffer->room ? buffer->room : 256;
	char *data;

	if (buffer->failed)
		return false;
	if (bytes > limit || buffer->length > limit - bytes) {
		buffer->failed = true;
		return false;
	}
	if (buffer->length + bytes < buffer->room)
		return true;
	while (room <= buffer->length + bytes)
		room *= 2;
	data = realloc(buffer->data, room);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->room = room;
	return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t bytes)
{
	if (!bytes || !buffer_reserve(buffer, bytes))
		return;
	memcpy(buffer->data + buffer->length, data, bytes);
	buffer->length += bytes;
	buffer->data[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c)
{
	buffer_add(buffer, &c, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		buffer->failed = true;
		return;
	}
	if (!length || !buffer_reserve(buffer, (size_t)length))
		return;
	va_start(args, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
	va_end(args);
	buffer->length += (size_t)length;
}

void buffer_int(struct buffer *buffer, int64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--at] = '-';
	buffer_add(buffer, digits + at, sizeof digits - at);
}

static void json_control(struct buffer *buffer, unsigned char c)
{
	static const char SHORT[] = "btn?fr"; /* 8 to 13; 11 has no short form */
	char escape[6] = {'\\', 'u', '0', '0', HEX_LOWER[c >> 4], HEX_LOWER[c & 15]};

	if (c == '"' || c == '\\') {
		escape[1] = (char)c;
		buffer_add(buffer, escape, 2);
	} else if (c >= 8 && c <= 13 && c != 11) {
		escape[1] = SHORT[c - 8];
		buffer_add(buffer, escape, 2);
	} else {
		buffer_add(buffer, escape, 6);
	}
}

void buffer_json(struct buffer *buffer, const char *text, size_t bytes)
{
	size_t done = 0, at = 0;

	buffer_char(buffer, '"');
	while (at < bytes) {
		unsigned char c = (unsigned char)text[at];
		size_t step;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			at++;
			continue;
		}
		step = c < 0x80 ? 0 : utf8_step(text + at, bytes - at);
		if (step) {
			at += step;
			continue;
		}
		buffer_add(buffer, text + done, at - done);
		if (c < 0x80)
			json_control(buffer, c);
		else
			buffer_text(buffer, "\xef\xbf\xbd");
		done = ++at;
	}
	buffer_add(buffer, text + done, at - done);
	buffer_char(buffer, '"');
}

static const char *html_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void buffer_html(struct buffer *buffer, const char *text, size_t bytes)
{
	size_t done = 0;

	for (size_t at = 0; at < bytes; at++) {
		const char *entity = html_entity(text[at]);

		if (!entity)
			continue;
		buffer_add(buffer, text + done, at - done);
		buffer_text(buffer, entity);
		done = at + 1;
	}
	buffer_add(buffer, text + done, bytes - done);
}

static bool url_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		c == '_' || c == '~';
}

void buffer_csv(struct buffer *buffer, const char *text)
{
	buffer_char(buffer, '"');
	if (*text && strchr("=+-@\t\r\n", *text))
		buffer_char(buffer, '\'');
	for (size_t length; *text; text += length) {
		length = strcspn(text, "\"");
		buffer_add(buffer, text, length);
		if (text[length] == '"') {
			buffer_text(buffer, "\"\"");
			length++;
		}
	}
	buffer_char(buffer, '"');
}

void buffer_url(struct buffer *buffer, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape[3] = {'%', HEX_UPPER[c >> 4], HEX_UPPER[c & 15]};

		if (url_unreserved(c))
			buffer_char(buffer, (char)c);
		else
			buffer_add(buffer, escape, sizeof escape);
	}
}
