/* Buffer: bytes that grow, with a sticky error, so that writers need no return codes.
 *
 * A buffer keeps a NUL behind its bytes. Past `limit` bytes it stops growing and `failed` stays set
 * until buffer_reset(): check it once, at the end. Not shared between threads. */
#ifndef STOA_BASE_BUFFER_H
#define STOA_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *data;    /* owned; NULL until the first byte */
	size_t length; /* bytes in use, without the NUL */
	size_t room;   /* bytes allocated */
	size_t limit;  /* most bytes allowed; 0 means BUFFER_LIMIT */
	bool failed;
};

#define BUFFER_LIMIT ((size_t)64 << 20)

/* A zeroed struct buffer is valid and empty. */
void buffer_reset(struct buffer *buffer); /* keeps the memory */
void buffer_free(struct buffer *buffer);

void buffer_add(struct buffer *buffer, const void *data, size_t bytes);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_int(struct buffer *buffer, int64_t value);
/* A JSON string with its quotes; control characters, quote and backslash escaped. Each byte that is not UTF-8 becomes
 * U+FFFD. */
void buffer_json(struct buffer *buffer, const char *text, size_t bytes);
/* Text for HTML content and quoted attributes: & < > " ' escaped. */
void buffer_html(struct buffer *buffer, const char *text, size_t bytes);
/* A text of CSV in quotes (RFC 4180). One that a spreadsheet would take for a formula (it begins with = + - @ or a control character,
 * OWASP ASVS 5.0, 1.2.10) gets an apostrophe in front. */
void buffer_csv(struct buffer *buffer, const char *text);
/* RFC 3986 percent encoding of everything but the unreserved characters. */
void buffer_url(struct buffer *buffer, const char *text, size_t bytes);

#endif
