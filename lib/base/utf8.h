/* UTF-8 (RFC 3629): no surrogates, no overlong forms, at most U+10FFFF. */
#ifndef STOA_BASE_UTF8_H
#define STOA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at the start of text, or 0 when there is none. */
size_t utf8_step(const char *text, size_t bytes);
bool utf8_valid(const char *text, size_t bytes);
/* Code points in valid UTF-8. */
size_t utf8_length(const char *text, size_t bytes);
/* Bytes of the longest beginning of valid UTF-8 that has at most `most` bytes and cuts no character. */
size_t utf8_cut(const char *text, size_t most);

#endif
