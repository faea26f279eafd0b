/* The encodings of a message; private to lib/mail. */
#ifndef STOA_MAIL_ENCODE_H
#define STOA_MAIL_ENCODE_H

#include "base/buffer.h"

#include <stdbool.h>

/* No control character, valid UTF-8, at most `most` bytes. */
bool one_line(const char *text, size_t most);

/* A header field of free text, with its line end: folded at spaces where it is plain ASCII, else encoded words (RFC 2047) that
 * never split a character. */
void header_text(struct buffer *out, const char *name, const char *text);
/* A header field of one mailbox. name NULL or "": the address alone. */
void header_mailbox(struct buffer *out, const char *field, const char *name, const char *address);
/* "; filename=…" of an attachment, in RFC 2231's continuations when it is long or not plain ASCII; begins on a line of its own. */
void parameter_text(struct buffer *out, const char *name, const char *text);

void quoted_printable(struct buffer *out, const char *text); /* RFC 2045, section 6.7; any line end of text becomes CRLF */
void base64_lines(struct buffer *out, const void *data, size_t bytes);

#endif
