/* What the guard lets through has https, a decent port, no user, and a host that no resolver takes for a private address. */
#include "net/net.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_numeric(char *host)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found = NULL;
	size_t length = strlen(host);
	if (*host == '[' && length > 2) {
		host[length - 1] = '\0';
		host++;
	}
	if (getaddrinfo(host, NULL, &hints, &found) == 0) {
		demand(guard_address(found->ai_addr));
		freeaddrinfo(found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = strndup((const char *)data, size), *part = NULL;
	const char *reason = NULL;
	if (guard_url(url, &reason)) {
		CURLU *parts = curl_url();
		demand(!reason && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK);
		demand(curl_url_get(parts, CURLUPART_SCHEME, &part, 0) == CURLUE_OK && strcmp(part, "https") == 0);
		curl_free(part);
		demand(curl_url_get(parts, CURLUPART_USER, &part, 0) != CURLUE_OK);
		demand(curl_url_get(parts, CURLUPART_PORT, &part, CURLU_DEFAULT_PORT) == CURLUE_OK);
		demand(strcmp(part, "443") == 0 || strtol(part, NULL, 10) >= 1024);
		curl_free(part);
		demand(curl_url_get(parts, CURLUPART_HOST, &part, 0) == CURLUE_OK);
		check_numeric(part);
		curl_free(part);
		curl_url_cleanup(parts);
	} else {
		demand(reason && *reason);
	}
	free(url);
	return 0;
}
