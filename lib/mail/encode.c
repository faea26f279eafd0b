#include "mail/encode.h"

#include "base/utf8.h"

#include <sodium.h>
#include <string.h>

#define FOLD_AT 78     /* RFC 5322, section 2.1.1 */
#define WORDS_LINE 76  /* of a line with an encoded word, RFC 2047, section 2 */
#define WORD_FRAME 12  /* =?UTF-8?B? and ?= */
#define WORD_BYTES 45  /* of text: 60 characters of base64, so that the encoded word has at most 75 */
#define LINE_MOST 76   /* of an encoded body */
#define SEGMENT_MOST 56

bool one_line(const char *text, size_t most)
{
	size_t length = strlen(text);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return length <= most && utf8_valid(text, length);
}

/* Whether it may stand as it is, folded at its single spaces. */
static bool plain_text(const char *text, size_t word_most)
{
	size_t word = 0;
	if (*text == ' ' || strstr(text, "=?"))
		return false;
	for (const char *at = text; *at; at++) {
		if (*at < ' ' || *at > '~')
			return false;
		word = *at == ' ' ? 0 : word + 1;
		if (word > word_most || (*at == ' ' && (at[1] == ' ' || !at[1])))
			return false;
	}
	return true;
}

/* At most `most` bytes of text, not cut inside a character. */
static size_t word_length(const char *text, size_t most)
{
	size_t length = strnlen(text, most + 1);
	if (length <= most)
		return length;
	for (length = most; length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

static size_t encoded_words(struct buffer *out, const char *text, size_t column)
{
	for (bool first = true; *text; first = false) {
		char word[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
		size_t room = (WORDS_LINE - column - WORD_FRAME) / 4 * 3;
		size_t length = word_length(text, room < WORD_BYTES ? room : WORD_BYTES);
		sodium_bin2base64(word, sizeof word, (const unsigned char *)text, length, sodium_base64_VARIANT_ORIGINAL);
		buffer_printf(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
		column = (first ? column : 1) + WORD_FRAME + strlen(word);
		text += length;
		if (*text)
			column = 1;
	}
	return column;
}

static void folded(struct buffer *out, const char *text, size_t column)
{
	while (*text) {
		size_t length = 1 + strcspn(text + 1, " "); /* a word with the space before it */
		if (*text == ' ' && column + length > FOLD_AT) {
			buffer_text(out, "\r\n");
			column = 0;
		}
		buffer_add(out, text, length);
		column += length;
		text += length;
	}
}

void header_text(struct buffer *out, const char *name, const char *text)
{
	size_t column = strlen(name) + 2;
	buffer_printf(out, "%s: ", name);
	if (plain_text(text, FOLD_AT - column))
		folded(out, text, column);
	else
		encoded_words(out, text, column);
	buffer_text(out, "\r\n");
}

static size_t phrase(struct buffer *out, const char *name, size_t column)
{
	if (!plain_text(name, 60) || strlen(name) > 60)
		return encoded_words(out, name, column);
	size_t before = out->length;
	buffer_char(out, '"');
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buffer_char(out, '\\');
		buffer_char(out, *name);
	}
	buffer_char(out, '"');
	return column + out->length - before;
}

void header_mailbox(struct buffer *out, const char *field, const char *name, const char *address)
{
	buffer_printf(out, "%s: ", field);
	if (name && *name) {
		size_t column = phrase(out, name, strlen(field) + 2);
		buffer_text(out, column + strlen(address) + 3 > WORDS_LINE ? "\r\n " : " ");
	}
	buffer_printf(out, "<%s>\r\n", address);
}

/* RFC 2231, section 7: attribute-char. */
static bool parameter_char(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("*'%()<>@,;:\\\"/[]?=", c);
}

void parameter_text(struct buffer *out, const char *name, const char *text)
{
	size_t length = strlen(text);
	if (length <= SEGMENT_MOST && plain_text(text, SEGMENT_MOST) && !strpbrk(text, "\"\\")) {
		buffer_printf(out, ";\r\n %s=\"%s\"", name, text);
		return;
	}
	for (int number = 0; *text; number++) {
		buffer_printf(out, ";\r\n %s*%d*=%s", name, number, number ? "" : "UTF-8''");
		for (size_t width = number ? 0 : 7; *text;) {
			size_t step = utf8_step(text, strlen(text)), needs = parameter_char((unsigned char)*text) ? 1 : 3 * step;
			if (width + needs > SEGMENT_MOST)
				break;
			for (size_t i = 0; i < step; i++)
				buffer_printf(out, needs == 1 ? "%c" : "%%%02X", (unsigned char)text[i]);
			width += needs;
			text += step;
		}
	}
}

static bool line_ends(const char *at)
{
	return *at == '\0' || *at == '\n' || (*at == '\r' && at[1] == '\n');
}

void quoted_printable(struct buffer *out, const char *text)
{
	int column = 0;
	for (const char *at = text; *at; at++) {
		if (line_ends(at)) {
			at += *at == '\r';
			buffer_text(out, "\r\n");
			column = 0;
			continue;
		}
		unsigned char c = (unsigned char)*at;
		bool blank = c == ' ' || c == '\t';
		bool plain = blank ? !line_ends(at + 1) : c > ' ' && c <= '~' && c != '=';
		int width = plain ? 1 : 3;
		if (column + width > LINE_MOST - !line_ends(at + 1)) {
			buffer_text(out, "=\r\n");
			column = 0;
		}
		if (plain)
			buffer_char(out, (char)c);
		else
			buffer_printf(out, "=%02X", c);
		column += width;
	}
	if (column > 0)
		buffer_text(out, "\r\n");
}

void base64_lines(struct buffer *out, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	char line[sodium_base64_ENCODED_LEN(LINE_MOST / 4 * 3, sodium_base64_VARIANT_ORIGINAL)];
	for (size_t part; bytes; at += part, bytes -= part) {
		part = bytes < LINE_MOST / 4 * 3 ? bytes : LINE_MOST / 4 * 3;
		sodium_bin2base64(line, sizeof line, at, part, sodium_base64_VARIANT_ORIGINAL);
		buffer_printf(out, "%s\r\n", line);
	}
}
