#include "net/net.h"

#include "net/networks.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct range {
	const char *address;
	int bits;
};

/* IANA IPv4 and IPv6 Special-Purpose Address Registries. */
static const struct range REFUSED_V4[] = {
	{"0.0.0.0", 8},       /* this network */
	{"10.0.0.0", 8},      /* private */
	{"100.64.0.0", 10},   /* carrier-grade NAT; clouds' metadata too */
	{"127.0.0.0", 8},     /* loopback */
	{"169.254.0.0", 16},  /* link-local; clouds' metadata */
	{"172.16.0.0", 12},   /* private */
	{"192.0.0.0", 24},    /* IETF protocol assignments */
	{"192.0.2.0", 24},    /* documentation */
	{"192.31.196.0", 24}, /* AS112 */
	{"192.52.193.0", 24}, /* AMT */
	{"192.88.99.0", 24},  /* 6to4 relays, deprecated */
	{"192.168.0.0", 16},  /* private */
	{"192.175.48.0", 24}, /* AS112 */
	{"198.18.0.0", 15},   /* benchmarking */
	{"198.51.100.0", 24}, /* documentation */
	{"203.0.113.0", 24},  /* documentation */
	{"224.0.0.0", 4},     /* multicast */
	{"240.0.0.0", 4},     /* reserved and broadcast */
};

/* Only 2000::/3 is global unicast; of that, these are refused. */
static const struct range REFUSED_V6[] = {
	{"2001::", 23},          /* IETF protocol assignments: Teredo, ORCHID, benchmarking */
	{"2001:db8::", 32},      /* documentation */
	{"2002::", 16},          /* 6to4 */
	{"2620:4f:8000::", 48},  /* AS112 */
	{"3fff::", 20},          /* documentation */
};

static bool inside(const uint8_t *address, int family, const struct range *range)
{
	uint8_t base[16];
	if (inet_pton(family, range->address, base) != 1)
		abort();
	int whole = range->bits / 8, rest = range->bits % 8;
	if (memcmp(address, base, (size_t)whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ base[whole]) >> (8 - rest) == 0;
}

static bool listed(const uint8_t *address, int family, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (inside(address, family, &ranges[i]))
			return true;
	return false;
}

static struct networks allowed; /* set before threads start */

bool guard_open(char message_out[256])
{
	if (networks_parse(conf_string("net.private_allowed"), &allowed, message_out))
		return true;
	allowed = (struct networks){0};
	return false;
}

static bool house_allows(int family, const void *bytes)
{
	char text[INET6_ADDRSTRLEN];
	return allowed.count && inet_ntop(family, bytes, text, sizeof text) && networks_hold(&allowed, text);
}

bool guard_address(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return house_allows(AF_INET, &v4.sin_addr) || !listed((const uint8_t *)&v4.sin_addr, AF_INET, REFUSED_V4, sizeof REFUSED_V4 / sizeof *REFUSED_V4);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof v6);
		const uint8_t *bytes = v6.sin6_addr.s6_addr;
		if (house_allows(AF_INET6, bytes))
			return true;
		/* Outside 2000::/3 lie loopback, mapped, NAT64, ULA, link-local, multicast and whatever comes next. */
		return bytes[0] >> 5 == 1 && !listed(bytes, AF_INET6, REFUSED_V6, sizeof REFUSED_V6 / sizeof *REFUSED_V6);
	}
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);
	return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

static const char *check_literal_v6(char *host)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	size_t length = strlen(host);
	if (length < 3 || host[length - 1] != ']')
		return "The address is malformed";
	host[length - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &v6.sin6_addr) != 1)
		return "The address is malformed";
	return guard_address((const struct sockaddr *)&v6) ? NULL : "The address is not a public one";
}

/* NULL or the reason. host is changed. */
static const char *check_host(char *host)
{
	static const char *const LOCAL[] = {".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion", ".test",
		".invalid", ".example"};
	size_t length = strlen(host);
	if (*host == '[')
		return check_literal_v6(host);
	if (length > 0 && host[length - 1] == '.')
		host[--length] = '\0';
	if (length == 0 || length > 253)
		return "The host is missing or too long";
	/* inet_aton also reads "127.1", octal and hexadecimal, as the resolver does. */
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	if (inet_aton(host, &v4.sin_addr))
		return guard_address((const struct sockaddr *)&v4) ? NULL : "The address is not a public one";
	const char *dot = strrchr(host, '.');
	if (!dot || dot == host)
		return "The host needs a full domain name";
	if (isdigit((unsigned char)dot[1]))
		return "The address is malformed";
	for (const char *at = host; *at; at++)
		if ((unsigned char)*at < 0x80 && !isalnum((unsigned char)*at) && *at != '-' && *at != '.' && *at != '_')
			return "The host has a character that names do not have";
	for (size_t i = 0; i < sizeof LOCAL / sizeof *LOCAL; i++)
		if (ends_with(host, LOCAL[i]))
			return "The host is a local name";
	return NULL;
}

static const char *check_parts(CURLU *parts)
{
	char *text = NULL;
	const char *reason = NULL;
	if (curl_url_get(parts, CURLUPART_SCHEME, &text, 0) != CURLUE_OK || strcasecmp(text, "https") != 0)
		reason = "The URL must begin with https://";
	curl_free(text);
	text = NULL;
	if (!reason && curl_url_get(parts, CURLUPART_HOST, &text, 0) != CURLUE_OK)
		reason = "The URL has no host";
	if (!reason)
		reason = check_host(text);
	curl_free(text);
	text = NULL;
	if (!reason && curl_url_get(parts, CURLUPART_ZONEID, &text, 0) == CURLUE_OK)
		reason = "The address is not a public one";
	curl_free(text);
	text = NULL;
	if (!reason && curl_url_get(parts, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		long port = strtol(text, NULL, 10);
		if (port != 443 && port < 1024)
			reason = "The port must be 443 or above 1023";
	}
	curl_free(text);
	return reason;
}

bool guard_url(const char *url, const char **reason_out)
{
	const char *reason = NULL;
	if (strlen(url) > 2048)
		reason = "The URL is longer than 2048 bytes";
	for (const char *at = url; *at && !reason; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '\\')
			reason = "The URL has a space, backslash or control character";
	if (!reason) {
		CURLU *parts = curl_url();
		if (!parts)
			abort();
		CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER);
		if (code == CURLUE_USER_NOT_ALLOWED)
			reason = "The URL must not have a user or password";
		else
			reason = code == CURLUE_OK ? check_parts(parts) : "The URL is malformed";
		curl_url_cleanup(parts);
	}
	*reason_out = reason;
	return !reason;
}
