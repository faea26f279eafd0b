#include "net/networks.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 becomes ::ffff:a.b.c.d, so that one comparison serves both. */
static bool address_parse(const char *text, struct in6_addr *address_out, int *bits_out)
{
	struct in_addr four;
	if (inet_pton(AF_INET, text, &four) == 1) {
		memset(address_out, 0, sizeof *address_out);
		address_out->s6_addr[10] = address_out->s6_addr[11] = 0xff;
		memcpy(address_out->s6_addr + 12, &four, 4);
		*bits_out = 32;
		return true;
	}
	*bits_out = 128;
	return inet_pton(AF_INET6, text, address_out) == 1;
}

static bool network_add(struct networks *networks, char *item)
{
	char *slash = strchr(item, '/');
	if (slash)
		*slash++ = '\0';
	struct in6_addr address;
	int width;
	if (networks->count == NETWORKS || !address_parse(item, &address, &width))
		return false;
	long bits = width;
	if (slash) {
		char *end;
		bits = strtol(slash, &end, 10);
		if (end == slash || *end || bits < 0 || bits > width)
			return false;
	}
	networks->items[networks->count].address = address;
	networks->items[networks->count++].bits = (int)bits + 128 - width;
	return true;
}

bool networks_parse(const char *text, struct networks *networks_out, char message_out[256])
{
	*networks_out = (struct networks){0};
	while (*text) {
		text += strspn(text, " ,\t");
		size_t length = strcspn(text, " ,\t");
		if (!length)
			break;
		char item[64];
		bool fits = length < sizeof item;
		if (fits) {
			memcpy(item, text, length);
			item[length] = '\0';
		}
		if (!fits || !network_add(networks_out, item)) {
			snprintf(message_out, 256, "\"%.*s\" is not an address or network (at most %d of them)",
				(int)(length < 64 ? length : 64), text, NETWORKS);
			return false;
		}
		text += length;
	}
	return true;
}

bool networks_hold(const struct networks *networks, const char *address)
{
	struct in6_addr given;
	int width;
	if (!networks->count || !address || !address_parse(address, &given, &width))
		return false;
	for (int i = 0; i < networks->count; i++) {
		const uint8_t *net = networks->items[i].address.s6_addr;
		int whole = networks->items[i].bits / 8, rest = networks->items[i].bits % 8;
		if (memcmp(net, given.s6_addr, (size_t)whole))
			continue;
		if (!rest || (net[whole] ^ given.s6_addr[whole]) >> (8 - rest) == 0)
			return true;
	}
	return false;
}
