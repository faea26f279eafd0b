/* A list of addresses and networks from configuration: "127.0.0.1 ::1 10.0.0.0/8". IPv4 is kept as mapped IPv6. */
#ifndef STOA_NET_NETWORKS_H
#define STOA_NET_NETWORKS_H

#include <netinet/in.h>
#include <stdbool.h>

#define NETWORKS 32
struct networks {
	struct { struct in6_addr address; int bits; } items[NETWORKS];
	int count;
};
bool networks_parse(const char *text, struct networks *networks_out, char message_out[256]);
bool networks_hold(const struct networks *networks, const char *address);

#endif
