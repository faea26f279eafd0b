#include "mc/servers.h"

#include "conf/conf.h"

#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t value_of(memcached_st *handle, memcached_stat_st *stat, const char *key)
{
	memcached_return_t result;
	char *text = memcached_stat_get_value(handle, stat, key, &result);
	uint64_t value = text ? strtoull(text, NULL, 10) : 0;
	free(text);
	return value;
}

int cache_servers(struct cache_server *servers, int most)
{
	const char *text = conf_string("cache.servers");
	memcached_st *handle = *text ? memcached(text, strlen(text)) : NULL;
	int count = 0;
	if (!handle)
		return 0;
	memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (uint64_t)conf_ms("cache.connect_timeout"));
	memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, (uint64_t)conf_ms("cache.poll_timeout"));
	memcached_return_t result;
	memcached_stat_st *stats = memcached_stat(handle, NULL, &result);
	for (uint32_t i = 0; stats && i < memcached_server_count(handle) && count < most; i++) {
		const memcached_instance_st *instance = memcached_server_instance_by_position(handle, i);
		struct cache_server *server = &servers[count];
		*server = (struct cache_server){.uptime_s = value_of(handle, &stats[i], "uptime")};
		if (!server->uptime_s)
			continue;
		const char *host = memcached_server_name(instance);
		if (*host == '/')
			snprintf(server->name, sizeof server->name, "%s", host);
		else
			snprintf(server->name, sizeof server->name, "%s:%d", host, (int)memcached_server_port(instance));
		server->evictions = value_of(handle, &stats[i], "evictions");
		server->limit_bytes = value_of(handle, &stats[i], "limit_maxbytes");
		server->bytes = value_of(handle, &stats[i], "bytes");
		server->hits = value_of(handle, &stats[i], "get_hits");
		server->misses = value_of(handle, &stats[i], "get_misses");
		count++;
	}
	memcached_stat_free(handle, stats);
	memcached_free(handle);
	return count;
}
