/* Rate limits by GCRA: one theoretical arrival time a key, in shared memory, so every process of this machine
 * counts together without a round trip. Behind a balancer each machine has its own count. */
#ifndef STOA_WHO_RATE_H
#define STOA_WHO_RATE_H

#include "base/context.h"
#include "conf/conf.h"

extern const struct conf_row RATE_CONF[]; /* [rate] file, slots */

bool rate_open(char message_out[256]);
void rate_close(void);

struct rate_limit {
	int per_period;  /* cells a period */
	int period_s;
	int burst;       /* cells at once; 0 = per_period */
};

/* Takes one cell of `key` ("login:203.0.113.9", "widget:<key id>"). False: refused; retry_after_s_out >= 1. remaining_out may be
 * NULL. A full table replaces the entry that has been idle longest; an entry that is still counting is never forgotten before
 * one that is not. */
bool rate_take(const char *key, const struct rate_limit *limit, int *retry_after_s_out, int *remaining_out);

#endif
