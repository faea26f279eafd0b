/* The guard for URLs that a user supplied: rows of addresses and URLs. */
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool allowed(const char *text)
{
	struct sockaddr_storage room = {0};
	if (strchr(text, ':')) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&room;
		v6->sin6_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	} else {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&room;
		v4->sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	}
	return guard_address((struct sockaddr *)&room);
}

static void addresses(void **state)
{
	static const char *const REFUSED[] = {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200",
		"100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255",
		"192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::a00:1",
		"100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1",
		"2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1"};
	static const char *const ALLOWED[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255",
		"192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::200e",
		"2001:200::1", "2001:4860:4860::8888", "2003::1", "3ffe::1", "2620:4f:8001::1"};
	(void)state;
	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
		if (allowed(REFUSED[i]))
			fail_msg("%s is allowed", REFUSED[i]);
	for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
		if (!allowed(ALLOWED[i]))
			fail_msg("%s is refused", ALLOWED[i]);
	struct sockaddr local = {.sa_family = AF_UNIX};
	assert_false(guard_address(&local));
}

static void urls(void **state)
{
	static const struct { const char *url; bool good; } ROWS[] = {
		{"https://hooks.shop.com/a?b=c", true}, {"HTTPS://Hooks.Shop.com", true}, {"https://hooks.shop.com:443/", true},
		{"https://hooks.shop.com:8443/", true}, {"https://hooks.shop.com:1024/", true}, {"https://hooks.shop.com./", true},
		{"https://8.8.8.8/", true}, {"https://[2606:4700::1111]/", true}, {"https://b\xc3\xbc"
			"cher.de/", true}, {"https://_x.shop.com/", true},
		{"", false}, {"https://", false}, {"https:///path", false}, {"hooks.shop.com", false}, {"//hooks.shop.com", false},
		{"http://hooks.shop.com/", false}, {"ftp://hooks.shop.com/", false}, {"file:///etc/passwd", false},
		{"gopher://hooks.shop.com/", false}, {"javascript:alert(1)", false},
		{"https://user@hooks.shop.com/", false}, {"https://user:secret@hooks.shop.com/", false}, {"https://@hooks.shop.com/", false},
		{"https://hooks.shop.com:22/", false}, {"https://hooks.shop.com:0/", false}, {"https://hooks.shop.com:1023/", false},
		{"https://hooks.shop.com:65536/", false}, {"https://hooks.shop.com:-1/", false}, {"https://hooks.shop.com:x/", false},
		{"https://localhost/", false}, {"https://LOCALHOST/", false}, {"https://a.localhost/", false}, {"https://localhost./", false},
		{"https://printer.local/", false}, {"https://metadata.google.internal/", false}, {"https://intranet/", false},
		{"https://router.home.arpa/", false}, {"https://.com/", false}, {"https://com./", false},
		{"https://127.0.0.1/", false}, {"https://127.1/", false}, {"https://2130706433/", false}, {"https://0x7f000001/", false},
		{"https://0x7f.1/", false}, {"https://0177.0.0.1/", false}, {"https://017700000001/", false}, {"https://0/", false},
		{"https://127.0.0.1./", false}, {"https://10.1.2.3/", false}, {"https://169.254.169.254/latest/", false},
		{"https://1.2.3.4.5/", false}, {"https://256.256.256.256/", false}, {"https://1.2.3.999/", false},
		{"https://%31%32%37.0.0.1/", false}, {"https://[::1]/", false}, {"https://[::ffff:127.0.0.1]/", false},
		{"https://[::ffff:7f00:1]/", false}, {"https://[64:ff9b::7f00:1]/", false}, {"https://[fe80::1%25eth0]/", false},
		{"https://[2606:4700::1111%25lo]/", false}, {"https://[fd00::1]/", false}, {"https://[::]/", false}, {"https://[1]/", false},
		{"https://hooks.shop.com/a b", false}, {"https://hooks.shop.com/\r\nX: y", false}, {"https://hooks.shop.com\\@10.0.0.1/", false},
		{" https://hooks.shop.com/", false}, {"https://hooks.shop.com\t/", false}, {"https://ho*oks.shop.com/", false},
		{"https://hooks.shop.com#@10.0.0.1/", true /* the fragment is no host */}, {"https://10.0.0.1#.shop.com/", false},
		{"https://10.0.0.1?.shop.com/", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *reason = "unset";
		bool good = guard_url(ROWS[i].url, &reason);
		if (good != ROWS[i].good)
			fail_msg("%s: %s", ROWS[i].url, good ? "is allowed" : reason);
		if (good ? reason != NULL : !reason)
			fail_msg("%s: the reason does not fit", ROWS[i].url);
	}
	static const char START[] = "https://hooks.shop.com/";
	char url[2050] = "";
	const char *reason;
	memset(url, 'x', sizeof url - 1);
	memcpy(url, START, strlen(START));
	assert_false(guard_url(url, &reason));
	url[2048] = '\0';
	assert_true(guard_url(url, &reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
