/* What the worker program gives the handlers of every domain as job->house. */
#ifndef STOA_JOB_HOUSE_H
#define STOA_JOB_HOUSE_H

struct net;
struct cache;

struct job_house {
	struct net *net;
	struct cache *cache;
};

#endif
