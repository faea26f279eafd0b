#include "cli/bench/engine.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

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

/* Of a name's addresses (localhost may be ::1 before 127.0.0.1) the first that answers, else the first that may be asked; NULL: none may. */
static const struct addrinfo *choose(const struct addrinfo *list, bool anywhere)
{
	const struct timeval patience = {.tv_sec = 2};
	const struct addrinfo *first = NULL;
	for (const struct addrinfo *one = list; one; one = one->ai_next) {
		if (!anywhere && !loopback(one->ai_addr))
			continue;
		first = first ? first : one;
		int fd = list->ai_next ? socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
		bool answers = !connect(fd, one->ai_addr, one->ai_addrlen);
		close(fd);
		if (answers)
			return one;
	}
	return first;
}

static enum err find(struct ctx *ctx, const char *host, const char *port, bool anywhere, struct target_host *host_out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
	int trouble = getaddrinfo(host, port, &hints, &list);
	if (trouble)
		return fail(ctx, ERR_BAD_INPUT, "%s: %s", host, gai_strerror(trouble));
	const struct addrinfo *chosen = choose(list, anywhere);
	if (chosen) {
		memcpy(&host_out->address, chosen->ai_addr, chosen->ai_addrlen);
		host_out->length = chosen->ai_addrlen;
	}
	freeaddrinfo(list);
	return chosen ? OK : fail(ctx, ERR_FORBIDDEN, "%s is another machine: give --i-own-this-host if it is yours to load", host);
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
