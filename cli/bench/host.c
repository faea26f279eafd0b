#include "cli/bench/engine.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* host[:port], an address of version 6 in brackets. */
static bool split(const char *authority, char host[256], char port[8])
{
	bool bracket = *authority == '[';
	const char *end = bracket ? strchr(authority, ']') : authority + strcspn(authority, ":");
	if (!end || end == authority + bracket || end - authority > 250)
		return false;
	snprintf(host, 256, "%.*s", (int)(end - authority - bracket), authority + bracket);
	end += bracket;
	if (!*end)
		return snprintf(port, 8, "80") > 0;
	return *end == ':' && strlen(end + 1) <= 5 && snprintf(port, 8, "%s", end + 1) > 0 && strspn(port, "0123456789") == strlen(port);
}

static enum err find(struct ctx *ctx, const char *host, const char *port, bool anywhere, struct target_host *host_out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
	int trouble = getaddrinfo(host, port, &hints, &list);
	if (trouble)
		return fail(ctx, ERR_BAD_INPUT, "%s: %s", host, gai_strerror(trouble));
	bool allowed = anywhere || loopback(list->ai_addr);
	memcpy(&host_out->address, list->ai_addr, list->ai_addrlen);
	host_out->length = list->ai_addrlen;
	freeaddrinfo(list);
	return allowed ? OK : fail(ctx, ERR_FORBIDDEN, "%s is another machine: give --i-own-this-host if it is yours to load", host);
}

enum err target_host_find(struct ctx *ctx, const char *url, const char *unix_path, bool anywhere, struct target_host *host_out)
{
	char host[256], port[8];
	size_t length = strlen(url);
	*host_out = (struct target_host){0};
	if (length && url[length - 1] == '/')
		length--;
	if (length < 8 || length > 7 + 255 || strncmp(url, "http://", 7))
		return fail(ctx, ERR_BAD_INPUT, "%.100s is not of the form http://host:port", url);
	snprintf(host_out->authority, sizeof host_out->authority, "%.*s", (int)(length - 7), url + 7);
	if (strpbrk(host_out->authority, "/?#@ \r\n\t") || !split(host_out->authority, host, port))
		return fail(ctx, ERR_BAD_INPUT, "%.100s is not of the form http://host:port", url);
	if (!unix_path)
		return find(ctx, host, port, anywhere, host_out);
	struct sockaddr_un *at = (struct sockaddr_un *)(void *)&host_out->address;
	if (strlen(unix_path) >= sizeof at->sun_path)
		return fail(ctx, ERR_BAD_INPUT, "%.100s: a socket's path has at most %zu bytes", unix_path, sizeof at->sun_path - 1);
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, unix_path, strlen(unix_path) + 1);
	host_out->length = sizeof *at;
	return OK;
}
