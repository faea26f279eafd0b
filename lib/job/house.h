/* What the worker program gives the handlers of every domain as job->house. */
#ifndef STOA_JOB_HOUSE_H
#define STOA_JOB_HOUSE_H

#include <stdbool.h>

struct net;
struct cache;

struct job_house {
	struct net *net;
	struct cache *cache;
	bool (*analytics_off)(void); /* whether figures may wait, since customers have to (web/brownout.h); NULL: never */
};

#endif
