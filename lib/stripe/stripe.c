#include "config.h"

#include "stripe/stripe.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "text/json.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define REPLY_DEPTH 32
#define REPLY_BYTES ((size_t)16 << 20) /* a page of 100 invoices */

const struct conf_row STRIPE_CONF[] = {
	{.name = "stripe.api_base", .type = CONF_STRING, .fallback = "https://api.stripe.com",
	 .help = "where Stripe's API is; another address for tests and demonstrations"},
	{.name = "stripe.api_version", .type = CONF_STRING, .fallback = "2026-10-28.endive",
	 .help = "Stripe-Version of every request"},
	{.name = "stripe.timeout", .type = CONF_DURATION, .fallback = "10s", .least = 100, .most = 60000,
	 .help = "longest wait for one answer of Stripe"},
	{.name = "stripe.tries", .type = CONF_INT, .fallback = "3", .least = 1, .most = 10,
	 .help = "tries of one call, before the job's own retries"},
	{.name = "stripe.keep", .type = CONF_INT, .fallback = "30", .least = 1, .most = 3650,
	 .help = "days for which the words of an event are kept; its id is kept for 30 days more"},
	CONF_END};

void stripe_param(struct buffer *form, const char *name, const char *value)
{
	if (form->length)
		buffer_char(form, '&');
	buffer_url(form, name, strlen(name));
	buffer_char(form, '=');
	if (value)
		buffer_url(form, value, strlen(value));
}

void stripe_param_int(struct buffer *form, const char *name, int64_t value)
{
	if (form->length)
		buffer_char(form, '&');
	buffer_url(form, name, strlen(name));
	buffer_char(form, '=');
	buffer_int(form, value);
}

static bool id_letters(const char *text, bool hyphen)
{
	size_t length = 0;

	for (; text[length]; length++)
		if (!isalnum((unsigned char)text[length]) && text[length] != '_' && !(hyphen && text[length] == '-'))
			return false;
	return length >= 1 && length <= 200;
}

bool stripe_id(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return text && strncmp(text, prefix, length) == 0 && id_letters(text + length, false);
}

bool stripe_coupon_id(const char *text)
{
	return text && id_letters(text, true);
}

static bool call_again(const struct call *call)
{
	const char *advice = call_header(call, "stripe-should-retry");

	if (advice && strcasecmp(advice, "true") == 0)
		return true;
	if (advice && strcasecmp(advice, "false") == 0)
		return false;
	return call->status == 409 || call->status >= 500;
}

static bool reply_definite(const struct stripe_reply *reply)
{
	if (!reply->body)
		return false;
	if (reply->status >= 200 && reply->status < 300)
		return true;
	/* 409: the same key is in flight; 424 and 429: not now. Anything else below 500 stays as it is. */
	return reply->status >= 400 && reply->status < 500 && reply->status != 408 && reply->status != 409 &&
	       reply->status != 424 && reply->status != 429;
}

void stripe_reply_read(struct ctx *ctx, const char *text, size_t bytes, struct stripe_reply *reply)
{
	struct json_object *error = NULL;

	reply->body = NULL;
	reply->error_type = reply->error_code = reply->error_message = "";
	if (json_read(ctx, text, bytes, REPLY_DEPTH, &reply->body) != OK || !json_object_is_type(reply->body, json_type_object)) {
		ctx_forgive(ctx);
		reply->body = NULL;
	}
	if (reply->body && json_object_object_get_ex(reply->body, "error", &error) && json_object_is_type(error, json_type_object)) {
		reply->error_type = json_text(error, "type", "");
		reply->error_code = json_text(error, "code", "");
		reply->error_message = json_text(error, "message", "");
	}
	reply->definite = reply_definite(reply);
}

static void call_headers(struct ctx *ctx, struct call *call, const char *secret_key, const char *idempotency_key)
{
	int count = 0;

	call->headers[count++] = arena_printf(&ctx->arena, "Authorization: Bearer %s", secret_key);
	call->headers[count++] = arena_printf(&ctx->arena, "Stripe-Version: %s", conf_string("stripe.api_version"));
	call->headers[count++] = "Accept: application/json";
	if (call->body)
		call->headers[count++] = "Content-Type: application/x-www-form-urlencoded";
	if (idempotency_key)
		call->headers[count++] = arena_printf(&ctx->arena, "Idempotency-Key: %s", idempotency_key);
	call->headers[count] = NULL;
}

/* The answer was made no later than its Date says and no earlier than we asked; Date is cut to the second. */
static int64_t read_time(const struct call *call, int64_t began_us)
{
	const char *date = call_header(call, "date");
	struct tm at = {0};
	int64_t now_s = clock_wall_s();

	if (date && strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &at))
		now_s = timegm(&at);
	return now_s - 1 - (clock_mono_us() - began_us + 999999) / 1000000;
}

enum err stripe_call(struct ctx *ctx, struct net *net, const char *secret_key, const char *account, const char *method,
	const char *path, const char *form, const char *idempotency_key, struct stripe_reply *reply_out)
{
	bool get = strcmp(method, "GET") == 0;
	int64_t began_us = clock_mono_us();
	const char *request_id;
	struct call call = {
		.peer = arena_printf(&ctx->arena, "stripe:%s", account),
		.method = method,
		.url = arena_printf(&ctx->arena, "%s%s%s%s", conf_string("stripe.api_base"), path, get && form ? "?" : "",
			get && form ? form : ""),
		.body = get ? NULL : form ? form : "",
		.timeout_ms = conf_ms("stripe.timeout"),
		.most_bytes = REPLY_BYTES,
		.safe = get || idempotency_key,
		.retry = {(int)conf_int("stripe.tries"), 500, 5000},
		.again = call_again,
	};

	*reply_out = (struct stripe_reply){.request_id = "", .error_type = "", .error_code = "", .error_message = ""};
	call.body_length = call.body ? strlen(call.body) : 0;
	call_headers(ctx, &call, secret_key, idempotency_key);
	TRY(net_call(ctx, net, &call));
	reply_out->status = call.status;
	reply_out->read_s = read_time(&call, began_us);
	request_id = call_header(&call, "request-id");
	reply_out->request_id = request_id ? request_id : "";
	reply_out->replayed = call_header(&call, "idempotent-replayed") != NULL;
	stripe_reply_read(ctx, call.response, call.response_length, reply_out);
	return OK;
}
