/* Operations: health, metrics, targets, and what `stoa doctor` asks a running site. */
#ifndef STOA_OPS_FAMILY_H
#define STOA_OPS_FAMILY_H

#include "web/web.h"

extern const struct family FAMILY_OPS;
extern const struct route OPS_HEALTH_ROUTES[], OPS_FIGURES_ROUTES[], OPS_PROBE_ROUTES[];

#endif
