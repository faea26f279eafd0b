/* Identifiers: UUID version 7 (RFC 9562, section 5.7) and random tokens. */
#ifndef STOA_BASE_ID_H
#define STOA_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_BYTES 16
#define ID_TEXT 37 /* 36 characters and a NUL */

/* A new id in lower-case text. Ids of one process never repeat and sort by creation time,
 * also within one millisecond. Safe from any thread. */
void id_new(char out[ID_TEXT]);
/* Strict: 36 characters, hyphens in place, any version. Upper case is accepted. False leaves out alone. */
bool id_parse(const char *text, uint8_t out[ID_BYTES]);
bool id_valid(const char *text);
void id_format(const uint8_t id[ID_BYTES], char out[ID_TEXT]);
/* `bytes` random bytes from the system as unpadded base64url; out holds at least 4*((bytes+2)/3)+1. */
void id_token(char *out, size_t bytes);

#endif
