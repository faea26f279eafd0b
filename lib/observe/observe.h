/* Observe: what Stoa knows of its own performance, for the `stoa` command, the pages and ops families and the worker: history of the
 * objectives (history.h), where time goes and what to change (profile.h), what a number of users needs (capacity.h). */
#ifndef STOA_OBSERVE_OBSERVE_H
#define STOA_OBSERVE_OBSERVE_H

#include "metric/metric.h"
#include "web/target.h"

#endif
