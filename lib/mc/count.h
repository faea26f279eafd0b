/* What the cache counts for everybody: stoa_cache_lookups_total{space,result}, stoa_cache_duration_seconds{operation},
 * stoa_cache_evictions_total, stoa_cache_errors_total. "get" times what goes beyond the process, without loading: what is in the process takes
 * less than a look at the clock. Spaces are names in the code; more than 31 share "other". Private to lib/mc. */
#ifndef STOA_MC_COUNT_H
#define STOA_MC_COUNT_H

#include <stdint.h>

enum lookup_result { LOOKUP_LOCAL, LOOKUP_SHARED, LOOKUP_MISS, LOOKUP_RESULTS };
enum cache_operation { OPERATION_GET, OPERATION_LOAD, OPERATION_PUT, OPERATION_INVALIDATE, OPERATIONS_COUNT };

void count_lookup(const char *space, enum lookup_result result);
void count_took(enum cache_operation operation, int64_t us);
void count_eviction(void);
void count_error(void);

#endif
