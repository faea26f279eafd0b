/* Rate limits by GCRA: one theoretical arrival time a key, in shared memory, so every process of this machine
 * counts together without a round trip. Behind a balancer each machine has its own count. */
#ifndef STOA_WHO_RATE_H
#define STOA_WHO_RATE_H

#include "base/context.h"
#include "conf/conf.h"

extern const struct conf_row RATE_CONF[]; /* [rate] file, slots */

/* Opens or creates the file; a file of another layout is replaced. False: private memory is used, so that each process counts
 * for itself (message_out, 256 bytes). Call once, before threads. */
bool rate_open(char message_out[256]);
void rate_close(void);

struct rate_limit {
	int per_period;  /* cells a period; 0 or less refuses everything */
	int period_s;
	int burst;       /* cells at once; 0 = per_period */
};

/* Takes one cell of `key` ("login:203.0.113.9", "widget:<key id>"). False: refused; retry_after_s_out >= 1 (0 when taken).
 * remaining_out may be NULL. Any thread, between rate_open() and rate_close(). A key has a place in one of two small groups of the
 * table; when both are full it replaces the entry of them that has been idle longest, and one that is still counting only when all
 * are. Two processes that meet a new key in the same instant may let one cell too many through. A wall clock that steps back
 * delays a key by its own burst at most. */
bool rate_take(const char *key, const struct rate_limit *limit, int *retry_after_s_out, int *remaining_out);

#endif
