/* What memcached's own statistics say, for `stoa profile`. */
#ifndef STOA_MC_SERVERS_H
#define STOA_MC_SERVERS_H

#include <stdint.h>

struct cache_server {
	char name[160];         /* "10.0.0.5:11211", or the socket's path */
	uint64_t evictions, limit_bytes, bytes, hits, misses;
	uint64_t uptime_s;
};

/* Asks every server of cache.servers that answers within cache.connect_timeout and poll_timeout; how many did, at most `most`. */
int cache_servers(struct cache_server *servers, int most);

#endif
