/* Operations: health, metrics, targets, the queue, and what `stoa doctor` asks a running site. Jobs are here and not with identity: a
 * client that waits for one holds a thread, which must not be one that signs people in. */
#ifndef STOA_OPS_FAMILY_H
#define STOA_OPS_FAMILY_H

#include "web/web.h"

extern const struct family FAMILY_OPS;
extern const struct route OPS_HEALTH_ROUTES[], OPS_FIGURES_ROUTES[], OPS_JOBS_ROUTES[], OPS_PROBE_ROUTES[], OPS_PROFILE_ROUTES[], OPS_SLO_ROUTES[], OPS_CAPACITY_ROUTES[];

#endif
