/* An identity as the cache keeps it: a fixed head and the origins, cheap to decode because every request does. Private to
 * lib/who. A record of another version, machine order or length does not decode. */
#ifndef STOA_WHO_RECORD_H
#define STOA_WHO_RECORD_H

#include "who/who.h"

#define RECORD_MOST (256 + WHO_ORIGINS * 264)

/* Writes into out (RECORD_MOST bytes), returns the length. expires_us: wall clock, 0 = never. */
size_t record_write(const struct who *who, int64_t expires_us, char out[RECORD_MOST]);
/* False: not a record. Permissions are taken from this program's table, and whether an operator's are among them
 * from the record. */
bool record_read(const char *data, size_t length, struct who *who_out, int64_t *expires_us_out);

#endif
