#define _GNU_SOURCE
/* Webhooks from the API to the receiver and back into the log, over a receiver that answers what it is told to. */
#include "tests/auth/people.h"

#include "job/house.h"
#include "webhook/webhook.h"

#include <curl/curl.h>
#include <stdatomic.h>

#define HOOKS "/api/v1/orgs/webhooks"
#define GOOD_URL "https://hooks.shop.com/in?token=t0psecret"

/* --- the receiver --- */

static struct {
	int fd, port;
	pthread_t thread;
	const char *answer;   /* what it says; "" hangs up */
	char requests[64][16384];
	_Atomic int count;
} sink;

static bool request_read(int fd, char *text, size_t room)
{
	size_t used = 0, wanted = SIZE_MAX;

	while (used < wanted && used < room - 1) {
		ssize_t got = recv(fd, text + used, room - 1 - used, 0);
		if (got <= 0)
			return false;
		used += (size_t)got;
		text[used] = '\0';
		char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
		if (end)
			wanted = (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
	}
	return true;
}

static void *sink_run(void *argument)
{
	int fd;

	(void)argument;
	while ((fd = accept(sink.fd, NULL, NULL)) >= 0) {
		int at = sink.count % 64;

		if (request_read(fd, sink.requests[at], sizeof sink.requests[at])) {
			relay_say(fd, sink.answer);
			sink.count++;
		}
		close(fd);
	}
	return NULL;
}

static void sink_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	sink.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sink.fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(sink.fd, 16), 0);
	assert_int_equal(getsockname(sink.fd, (struct sockaddr *)&address, &length), 0);
	sink.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&sink.thread, NULL, sink_run, NULL), 0);
}

/* Whatever the URL says, the call goes to the receiver, in clear: the guard stands behind this, at the socket. */
CURLcode __real_curl_easy_perform(CURL *curl);
CURLcode __wrap_curl_easy_perform(CURL *curl);

CURLcode __wrap_curl_easy_perform(CURL *curl)
{
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d/", sink.port);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	return __real_curl_easy_perform(curl);
}

#define ANSWER(status) "HTTP/1.1 " status " x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

/* --- asking --- */

static struct net *net;

static void hooks_run(void)
{
	struct job_house house = {.net = net};
	struct ctx ctx;

	ctx_init(&ctx);
	if (worker_run(&ctx, &(struct worker_set){.kinds = WEBHOOK_JOBS, .pool = pool, .house = &house, .threads = 2, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	ctx_free(&ctx);
}

/* What waits for a later time is due now. */
static void time_passes(void)
{
	sql("update job set run_at = now() where state = 'waiting'");
}

struct hook { struct caller caller; struct person owner; char id[ID_TEXT], secret[WEBHOOK_SECRET_TEXT]; };

static void hook_add(struct hook *hook, const char *more)
{
	expect(&hook->caller, 201, "POST", HOOKS, hook->owner.access, form("{\"url\":\"" GOOD_URL "\"%s}", more));
	snprintf(hook->id, ID_TEXT, "%s", client_text(&hook->caller, "id"));
	snprintf(hook->secret, WEBHOOK_SECRET_TEXT, "%s", client_text(&hook->caller, "secret"));
}

static void hook_open(struct hook *hook, const char *more)
{
	sql("delete from job; delete from webhook_endpoint; update event_consumer set position = coalesce((select max(position) from event), 0)");
	sink.count = 0;
	sink.answer = ANSWER("200");
	caller_open(&hook->caller);
	owner_add(&hook->caller, &hook->owner);
	hook_add(hook, more);
}

static void event_make(const struct hook *hook, const char *type, bool live)
{
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(event_add(&setup, &lease, &(struct event){.org_id = hook->owner.org_id, .live = live, .actor_kind = "system",
		.entity = "decision", .entity_id = "d1", .type = type, .payload = "{\"caf\\u00e9\": 1}"}, NULL), OK);
	lease_return(&lease);
}

static const char *delivery_field(const struct hook *hook, const char *field)
{
	return sql("select coalesce((select %s::text from webhook_delivery where endpoint_id = '%s' order by id desc limit 1), '')", field, hook->id);
}

static const char *header_of(const char *request, const char *name)
{
	const char *at = strcasestr(request, form("\r\n%s: ", name));

	return at ? form("%.*s", (int)strcspn(at + strlen(name) + 4, "\r"), at + strlen(name) + 4) : "";
}

/* As a receiver does it, with nothing of ours but the secret's text. */
static bool signed_by(const char *request, const char *secret)
{
	const char *body = strstr(request, "\r\n\r\n") + 4, *list = header_of(request, "webhook-signature");
	const char *content = form("%s.%s.%s", header_of(request, "webhook-id"), header_of(request, "webhook-timestamp"), body);
	uint8_t key[64], mac[crypto_auth_hmacsha256_BYTES];
	char text[64];
	size_t bytes;
	crypto_auth_hmacsha256_state state;

	assert_int_equal(sodium_base642bin(key, sizeof key, secret + 6, strlen(secret) - 6, NULL, &bytes, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	assert_int_equal(bytes, 32);
	crypto_auth_hmacsha256_init(&state, key, bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)content, strlen(content));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
	return strstr(list, form("v1,%s", text)) != NULL;
}

/* --- cases --- */

static void an_event_arrives_signed(void **state)
{
	struct hook hook;
	const char *request = sink.requests[0];

	(void)state;
	hook_open(&hook, ",\"events\":[\"offer.accepted\"],\"description\":\"shop\"");
	event_make(&hook, "offer.accepted", true);
	event_make(&hook, "customer.cancelled", true);
	hooks_run();
	assert_int_equal(sink.count, 1);
	assert_true(signed_by(request, hook.secret));
	assert_int_equal(strncmp(request, "POST ", 5), 0);
	assert_string_equal(header_of(request, "webhook-id"), delivery_field(&hook, "event_id"));
	assert_string_equal(header_of(request, "Content-Type"), "application/json");
	assert_string_equal(sql("select (now() - to_timestamp(%s) < interval '5 minutes')::text", header_of(request, "webhook-timestamp")), "true");
	assert_non_null(strstr(request, "\"type\":\"offer.accepted\""));
	assert_non_null(strstr(request, "\"data\":{\"caf\xc3\xa9\": 1}"));
	assert_string_equal(delivery_field(&hook, "state"), "delivered");
	assert_string_equal(sql("select string_agg(distinct state, ',') from job where kind like 'webhook.%%'"), "done");
	/* Reading the events again delivers nothing twice. */
	sql("update event_consumer set position = 0");
	event_make(&hook, "customer.cancelled", true);
	hooks_run();
	assert_int_equal(sink.count, 1);
	caller_close(&hook.caller);
}

/* Events and endpoints in one batch: each gets each, once. */
static void every_endpoint_gets_every_event(void **state)
{
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	hook_add(&hook, "");
	hook_add(&hook, ",\"events\":[\"member.*\"]");
	/* An endpoint hears of those made after it, not of itself. */
	event_make(&hook, "offer.accepted", true);
	event_make(&hook, "customer.cancelled", true);
	event_make(&hook, "member.added", true);
	hooks_run();
	assert_string_equal(sql("select count(*) || ' ' || count(distinct (endpoint_id, event_id)) from webhook_delivery where state = 'delivered' "
		"and org_id = '%s'", hook.owner.org_id), "10 10");
	assert_string_equal(sql("select count(*) from job where kind = 'webhook.deliver'"), "10");
	/* Some are there already: only what is missing is made. */
	sql("delete from webhook_delivery where endpoint_id = '%s'", hook.id);
	sql("update event_consumer set position = 0");
	event_make(&hook, "key.changed", true);
	hooks_run();
	assert_string_equal(sql("select count(*) from job where kind = 'webhook.deliver'"), "13");
	assert_string_equal(sql("select count(*) from webhook_delivery where org_id = '%s'", hook.owner.org_id), "12");
	caller_close(&hook.caller);
}

static void only_what_was_asked_for(void **state)
{
	static const struct { const char *more, *type; bool live; int arrives; } ROWS[] = {
		{"", "offer.accepted", true, 1}, {",\"events\":[]", "member.added", true, 1}, {",\"events\":[\"member.*\"]", "member.removed", true, 1},
		{",\"events\":[\"member.*\"]", "key.created", true, 0}, {",\"events\":[\"offer.accepted\",\"key.*\"]", "key.created", true, 1},
		{"", "offer.accepted", false, 0}, {",\"live\":false", "offer.accepted", false, 1}, {",\"live\":false", "offer.accepted", true, 0},
		{",\"enabled\":false", "offer.accepted", true, 0}, {"", "webhook.test", true, 0}};
	struct hook hook;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		hook_open(&hook, ROWS[i].more);
		event_make(&hook, ROWS[i].type, ROWS[i].live);
		hooks_run();
		if (sink.count != ROWS[i].arrives)
			fail_msg("row %zu: %d arrived", i, sink.count);
		caller_close(&hook.caller);
	}
}

/* Waits double from 2 to 30 minutes, between half of it and all of it; after the last the delivery has failed until it is sent again. */
static void what_fails_is_tried_again(void **state)
{
	static const int MOST[] = {120, 240, 480, 960, 1800};
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	sink.answer = ANSWER("503");
	event_make(&hook, "offer.accepted", true);
	for (int i = 0; i < 6; i++) {
		hooks_run();
		assert_int_equal(sink.count, i + 1);
		assert_string_equal(delivery_field(&hook, "attempts"), form("%d", i + 1));
		assert_string_equal(delivery_field(&hook, "state"), i < 5 ? "pending" : "failed");
		if (i == 5)
			break;
		assert_string_equal(sql("select (run_at - now() between %d * interval '1 s' and %d * interval '1 s')::text from job "
			"where kind = 'webhook.deliver' and state = 'waiting'", MOST[i] / 2 - 30, MOST[i]), "true");
		expect(&hook.caller, 409, "POST", form("/api/v1/orgs/deliveries/%s/resend", delivery_field(&hook, "id")), hook.owner.access, NULL);
		time_passes();
	}
	assert_string_equal(sql("select state from job where kind = 'webhook.deliver'"), "dead");
	sink.answer = ANSWER("204");
	expect(&hook.caller, 202, "POST", form("/api/v1/orgs/deliveries/%s/resend", delivery_field(&hook, "id")), hook.owner.access, NULL);
	hooks_run();
	assert_int_equal(sink.count, 7);
	assert_string_equal(delivery_field(&hook, "state"), "delivered");
	expect(&hook.caller, 200, "GET", form("/api/v1/orgs/deliveries/%s", delivery_field(&hook, "id")), hook.owner.access, NULL);
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&hook.caller), "log")), 7);
	for (int i = 1; i < 7; i++)
		assert_string_equal(header_of(sink.requests[i], "webhook-id"), header_of(sink.requests[0], "webhook-id"));
	assert_string_equal(sql("select coalesce(failing_since::text, 'none') from webhook_endpoint where id = '%s'", hook.id), "none");
	caller_close(&hook.caller);
}

static void answers_are_judged(void **state)
{
	static const struct { const char *answer, *state, *status, *trouble; } ROWS[] = {
		{ANSWER("200"), "delivered", "200", ""}, {ANSWER("299"), "delivered", "299", ""}, {ANSWER("404"), "pending", "404", "HTTP 404"},
		{ANSWER("500"), "pending", "500", "HTTP 500"}, {ANSWER("429"), "pending", "429", "HTTP 429"},
		{"HTTP/1.1 302 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "pending", "302", "HTTP 302: redirects are not followed"},
		{"HTTP/1.1 307 x\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "pending", "307",
			"HTTP 307: redirects are not followed"},
		{"", "pending", "", NULL}, {"220 mail ready\r\n", "pending", "", NULL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", "pending", "", NULL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n", "pending", "", NULL}};
	struct hook hook;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		hook_open(&hook, "");
		sink.answer = ROWS[i].answer;
		event_make(&hook, "offer.accepted", true);
		hooks_run();
		if (sink.count != 1 || strcmp(delivery_field(&hook, "state"), ROWS[i].state) != 0 || strcmp(delivery_field(&hook, "status"), ROWS[i].status) != 0)
			fail_msg("row %zu: %d requests, %s, %s", i, sink.count, delivery_field(&hook, "state"), delivery_field(&hook, "status"));
		const char *trouble = sql("select coalesce(trouble, '') from webhook_attempt a join webhook_delivery d on d.id = a.delivery_id "
			"where d.endpoint_id = '%s'", hook.id);
		if (ROWS[i].trouble ? strcmp(trouble, ROWS[i].trouble) != 0 : !*trouble)
			fail_msg("row %zu: %s", i, trouble);
		caller_close(&hook.caller);
	}
}

static void the_log_hides_secrets(void **state)
{
	struct hook hook;
	const char *log;

	(void)state;
	hook_open(&hook, "");
	sink.answer = "HTTP/1.1 500 x\r\nSet-Cookie: sid=c00kie\r\nX-Auth-Token: t0ken\r\nX-Plain: shown\xff\r\nContent-Length: 8\r\n\r\n"
		"caf\xc3\xa9\xff" "xy";
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	expect(&hook.caller, 200, "GET", form("/api/v1/orgs/deliveries/%s", delivery_field(&hook, "id")), hook.owner.access, NULL);
	log = hook.caller.rep.body.data;
	assert_non_null(strstr(log, "[hidden]"));
	assert_null(strstr(log, "c00kie"));
	assert_null(strstr(log, "t0ken"));
	assert_null(strstr(log, strchr(header_of(sink.requests[0], "webhook-signature"), ',') + 1));
	assert_null(strstr(log, hook.secret));
	assert_non_null(strstr(log, "shown"));
	assert_non_null(strstr(log, "webhook-timestamp"));
	/* A body with a byte that is no text, and one that is cut. */
	assert_null(strstr(log, "caf\xc3\xa9\xff"));
	static char big[9000];
	sink.answer = "HTTP/1.1 500 x\r\nContent-Length: 5\r\n\r\na\xc3\xff\xc3\xa9";
	time_passes();
	hooks_run();
	assert_string_equal(sql("select response_body from webhook_attempt where number = 2 and org_id = '%s'", hook.owner.org_id),
		"a\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
	memset(big, 'x', sizeof big - 1);
	memcpy(big, "HTTP/1.1 500 x\r\nContent-Length: 6000\r\n\r\n", 40);
	sink.answer = big;
	time_passes();
	hooks_run();
	assert_string_equal(sql("select length(response_body)::text from webhook_attempt where number = 3 and org_id = '%s'", hook.owner.org_id), "4096");
	caller_close(&hook.caller);
}

static void two_secrets_sign_while_they_rotate(void **state)
{
	struct hook hook;
	char first[WEBHOOK_SECRET_TEXT], second[WEBHOOK_SECRET_TEXT];

	(void)state;
	hook_open(&hook, "");
	memcpy(first, hook.secret, sizeof first);
	expect(&hook.caller, 200, "POST", form(HOOKS "/%s/rotate", hook.id), hook.owner.access, "{}");
	snprintf(second, sizeof second, "%s", client_text(&hook.caller, "secret"));
	assert_string_not_equal(first, second);
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	assert_true(signed_by(sink.requests[0], first) && signed_by(sink.requests[0], second));
	sql("update webhook_endpoint set secret_before_until = now() - interval '1 second'");
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	assert_false(signed_by(sink.requests[1], first));
	assert_true(signed_by(sink.requests[1], second));
	expect(&hook.caller, 200, "POST", form(HOOKS "/%s/rotate", hook.id), hook.owner.access, "{\"overlapHours\":0}");
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	assert_false(signed_by(sink.requests[2], second));
	assert_true(signed_by(sink.requests[2], client_text(&hook.caller, "secret")));
	assert_int_equal(audits(hook.owner.org_id, "webhook.rotate"), 2);
	assert_string_equal(sql("select count(*)::text from webhook_endpoint where position('whsec'::bytea in secret_sealed) > 0"), "0");
	caller_close(&hook.caller);
}

static void five_days_of_failures_disable(void **state)
{
	struct hook hook;
	struct person second;

	(void)state;
	hook_open(&hook, "");
	member_make(&hook.caller, &hook.owner, "owner", &second);
	hooks_run();
	sink.count = 0;
	sink.answer = ANSWER("500");
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	sql("update webhook_endpoint set failing_since = now() - interval '4 days 23 hours'");
	time_passes();
	hooks_run();
	assert_string_equal(sql("select enabled::text from webhook_endpoint where id = '%s'", hook.id), "true");
	sql("update webhook_endpoint set failing_since = now() - interval '5 days 1 hour'");
	event_make(&hook, "key.created", true);
	time_passes();
	hooks_run();
	assert_string_equal(sql("select disabled_reason || ' ' || enabled from webhook_endpoint where id = '%s'", hook.id), "failing false");
	assert_int_equal(audits(hook.owner.org_id, "webhook.disable"), 1);
	assert_string_equal(sql("select count(*)::text from event where type = 'webhook.disabled' and entity_id = '%s'", hook.id), "1");
	assert_string_equal(sql("select count(*)::text from mail where org_id = '%s' and kind = 'webhook.disabled' and address in ('%s', '%s')",
		hook.owner.org_id, hook.owner.email, second.email), "2");
	/* What is on its way is dropped, without a request. */
	int before = sink.count;
	time_passes();
	hooks_run();
	assert_int_equal(sink.count, before);
	assert_string_equal(sql("select string_agg(distinct state, ',') from webhook_delivery where endpoint_id = '%s'", hook.id), "cancelled,delivered");
	expect(&hook.caller, 409, "POST", form("/api/v1/orgs/deliveries/%s/resend", delivery_field(&hook, "id")), hook.owner.access, NULL);
	expect(&hook.caller, 409, "POST", form(HOOKS "/%s/test", hook.id), hook.owner.access, NULL);
	expect(&hook.caller, 200, "PATCH", form(HOOKS "/%s", hook.id), hook.owner.access, "{\"enabled\":true}");
	assert_true(json_flag(data_of(&hook.caller), "enabled", false));
	assert_string_equal(sql("select (failing_since is null and disabled_at is null and disabled_reason is null)::text from webhook_endpoint "
		"where id = '%s'", hook.id), "true");
	caller_close(&hook.caller);
}

static void gone_is_gone(void **state)
{
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	sink.answer = ANSWER("410");
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	assert_int_equal(sink.count, 1);
	assert_string_equal(delivery_field(&hook, "state"), "failed");
	assert_string_equal(sql("select disabled_reason from webhook_endpoint where id = '%s'", hook.id), "gone");
	assert_string_equal(sql("select count(*)::text from mail where org_id = '%s' and kind = 'webhook.disabled'", hook.owner.org_id), "1");
	assert_string_equal(sql("select count(*)::text from job where kind = 'webhook.deliver' and state <> 'done'"), "0");
	caller_close(&hook.caller);
}

/* The address is looked at when the socket opens, whatever the name was when it was typed. */
static void no_connection_to_a_private_address(void **state)
{
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	setting("STOA_NET_PRIVATE_ALLOWED", "");
	net_close(net);
	net = net_open();
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	setting("STOA_NET_PRIVATE_ALLOWED", "127.0.0.1");
	net_close(net);
	net = net_open();
	assert_int_equal(sink.count, 0);
	assert_string_equal(delivery_field(&hook, "state"), "pending");
	assert_string_equal(sql("select trouble from webhook_attempt where org_id = '%s'", hook.owner.org_id), "the address is not a public one");
	time_passes();
	hooks_run();
	assert_int_equal(sink.count, 1);
	caller_close(&hook.caller);
}

static void the_test_button(void **state)
{
	struct hook hook;

	(void)state;
	hook_open(&hook, ",\"events\":[\"key.*\"]");
	hook_add(&hook, "");
	expect(&hook.caller, 202, "POST", form(HOOKS "/%s/test", hook.id), hook.owner.access, NULL);
	const char *delivery = form("%s", client_text(&hook.caller, "delivery"));
	hooks_run();
	assert_int_equal(sink.count, 1);
	assert_true(signed_by(sink.requests[0], hook.secret));
	assert_non_null(strstr(sink.requests[0], "\"type\":\"webhook.test\""));
	expect(&hook.caller, 200, "GET", form("/api/v1/orgs/deliveries/%s", delivery), hook.owner.access, NULL);
	assert_string_equal(data_text(&hook.caller, "state"), "delivered");
	expect(&hook.caller, 200, "GET", form(HOOKS "/%s/deliveries?state=delivered&limit=1", hook.id), hook.owner.access, NULL);
	assert_int_equal(rows_of(&hook.caller), 1);
	expect(&hook.caller, 200, "GET", form(HOOKS "/%s/deliveries?state=failed", hook.id), hook.owner.access, NULL);
	assert_int_equal(rows_of(&hook.caller), 0);
	caller_close(&hook.caller);
}

static void bad_input_is_refused(void **state)
{
	static const struct { const char *body; int status; const char *field; } ROWS[] = {
		{"{}", 400, "url"}, {"{\"url\":\"nonsense\"}", 422, "url"}, {"{\"url\":\"http://hooks.shop.com/\"}", 422, "url"},
		{"{\"url\":\"https://127.0.0.2/\"}", 422, "url"}, {"{\"url\":\"https://localhost/\"}", 422, "url"},
		{"{\"url\":\"https://169.254.169.254/\"}", 422, "url"}, {"{\"url\":\"https://u:p@hooks.shop.com/\"}", 422, "url"},
		{"{\"url\":\"https://hooks.shop.com:22/\"}", 422, "url"}, {"{\"url\":\"" GOOD_URL "\",\"events\":[\"nothing\"]}", 422, "events"},
		{"{\"url\":\"" GOOD_URL "\",\"events\":\"offer.accepted\"}", 400, "events"}, {"{\"url\":\"" GOOD_URL "\",\"secret\":\"x\"}", 400, "secret"},
		{"{\"url\":\"" GOOD_URL "\",\"enabled\":\"yes\"}", 400, "enabled"}};
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		expect(&hook.caller, ROWS[i].status, "POST", HOOKS, hook.owner.access, ROWS[i].body);
		assert_string_equal(client_text(&hook.caller, "field"), ROWS[i].field);
	}
	expect(&hook.caller, 422, "PATCH", form(HOOKS "/%s", hook.id), hook.owner.access, "{}");
	expect(&hook.caller, 422, "PATCH", form(HOOKS "/%s", hook.id), hook.owner.access, "{\"url\":\"https://10.0.0.1/\"}");
	expect(&hook.caller, 404, "PATCH", HOOKS "/" NOWHERE, hook.owner.access, "{\"description\":\"x\"}");
	expect(&hook.caller, 404, "DELETE", HOOKS "/" NOWHERE, hook.owner.access, NULL);
	expect(&hook.caller, 404, "POST", HOOKS "/" NOWHERE "/rotate", hook.owner.access, "{}");
	expect(&hook.caller, 404, "POST", HOOKS "/" NOWHERE "/test", hook.owner.access, NULL);
	expect(&hook.caller, 404, "GET", HOOKS "/" NOWHERE "/deliveries", hook.owner.access, NULL);
	expect(&hook.caller, 404, "GET", "/api/v1/orgs/deliveries/" NOWHERE, hook.owner.access, NULL);
	expect(&hook.caller, 404, "POST", "/api/v1/orgs/deliveries/" NOWHERE "/resend", hook.owner.access, NULL);
	caller_close(&hook.caller);
}

static void endpoints_are_kept(void **state)
{
	struct hook hook;

	(void)state;
	hook_open(&hook, "");
	expect(&hook.caller, 200, "GET", HOOKS, hook.owner.access, NULL);
	assert_int_equal(rows_of(&hook.caller), 1);
	assert_null(strstr(hook.caller.rep.body.data, "whsec"));
	expect(&hook.caller, 200, "PATCH", form(HOOKS "/%s", hook.id), hook.owner.access, "{\"events\":[\"key.*\"],\"description\":\"new\"}");
	assert_string_equal(data_text(&hook.caller, "description"), "new");
	expect(&hook.caller, 200, "GET", form(HOOKS "/%s", hook.id), hook.owner.access, NULL);
	assert_string_equal(data_text(&hook.caller, "url"), GOOD_URL);
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&hook.caller), "events")), 1);
	setting("STOA_WEBHOOK_ENDPOINTS", "2");
	hook_add(&hook, "");
	expect(&hook.caller, 409, "POST", HOOKS, hook.owner.access, "{\"url\":\"" GOOD_URL "\"}");
	setting("STOA_WEBHOOK_ENDPOINTS", NULL);
	event_make(&hook, "offer.accepted", true);
	hooks_run();
	expect(&hook.caller, 204, "DELETE", form(HOOKS "/%s", hook.id), hook.owner.access, NULL);
	expect(&hook.caller, 404, "GET", form(HOOKS "/%s", hook.id), hook.owner.access, NULL);
	assert_string_equal(sql("select count(*)::text from webhook_attempt where org_id = '%s'", hook.owner.org_id), "0");
	assert_int_equal(audits(hook.owner.org_id, "webhook.create"), 2);
	assert_int_equal(audits(hook.owner.org_id, "webhook.delete"), 1);
	/* What the address' query holds may be a credential. */
	assert_string_equal(sql("select count(*)::text from audit_log where after::text || coalesce(before::text, '') like '%%t0psecret%%'"), "0");
	caller_close(&hook.caller);
}

static void what_is_old_is_swept(void **state)
{
	struct hook hook;
	struct lease lease;

	(void)state;
	hook_open(&hook, "");
	event_make(&hook, "offer.accepted", true);
	event_make(&hook, "key.created", true);
	hooks_run();
	sql("update webhook_delivery set created_at = now() - interval '31 days' where event_id = (select id from event where type = 'key.created' "
		"and org_id = '%s' order by id desc limit 1)", hook.owner.org_id);
	sql("insert into event (org_id, id, live, at, actor_kind, entity, entity_id, type, payload, schema_version) values ('%s', gen_random_uuid(), "
		"true, now() - interval '91 days', 'system', 'thing', 'old', 'key.created', '{}', 1)", hook.owner.org_id);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(job_enqueue(&setup, &lease, &JOB_WEBHOOK_SWEEP, &(struct job_new){0}, NULL), OK);
	/* What has not been read by everybody stays. */
	assert_int_equal(event_order(&lease), OK);
	sql("update event_consumer set position = (select max(position) from event)");
	lease_return(&lease);
	hooks_run();
	assert_string_equal(sql("select string_agg(e.type, ',') from webhook_delivery d join event e on e.id = d.event_id where endpoint_id = '%s'",
		hook.id), "offer.accepted");
	assert_string_equal(sql("select count(*)::text from event where entity_id = 'old'"), "0");
	assert_string_equal(sql("select count(*)::text from event where org_id = '%s' and type = 'key.created'", hook.owner.org_id), "1");
	/* What happened before there was the endpoint is none of its business. */
	assert_int_equal(sink.count, 2);
	caller_close(&hook.caller);
}

static void secrets_have_the_form(void **state)
{
	static const struct { const char *secret; bool good; } ROWS[] = {
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true}, {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false}, {"whsec_", false}, {"whsec_MfKQ", false},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*", false}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (!!webhook_sign(&setup, ROWS[i].secret, "msg_1", 1614265330, "{}", 2) != ROWS[i].good)
			fail_msg("%s", ROWS[i].secret);
	/* The example of the reference libraries' own tests. */
	assert_string_equal(webhook_sign(&setup, ROWS[0].secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", 20),
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static int hooks_open(void **state)
{
	char templates[4096];

	snprintf(templates, sizeof templates, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", templates, 1);
	setenv("STOA_NET_PRIVATE_ALLOWED", "127.0.0.1", 1);
	open_house(state);
	sink_open();
	net = net_open();
	return 0;
}

static int hooks_close(void **state)
{
	net_close(net);
	shutdown(sink.fd, SHUT_RDWR);
	pthread_join(sink.thread, NULL);
	close(sink.fd);
	return close_house(state);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(secrets_have_the_form),
		cmocka_unit_test(an_event_arrives_signed),
		cmocka_unit_test(only_what_was_asked_for),
		cmocka_unit_test(every_endpoint_gets_every_event),
		cmocka_unit_test(what_fails_is_tried_again),
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(the_log_hides_secrets),
		cmocka_unit_test(two_secrets_sign_while_they_rotate),
		cmocka_unit_test(five_days_of_failures_disable),
		cmocka_unit_test(gone_is_gone),
		cmocka_unit_test(no_connection_to_a_private_address),
		cmocka_unit_test(the_test_button),
		cmocka_unit_test(bad_input_is_refused),
		cmocka_unit_test(endpoints_are_kept),
		cmocka_unit_test(what_is_old_is_swept)};

	return cmocka_run_group_tests(cases, hooks_open, hooks_close);
}
