/* What arrives here of a request, for `stoa doctor`: web servers strip and limit more than their admins know. */
#include "ops/family.h"

#include "base/clock.h"

#include <string.h>

struct probe_input {
	const char *fill;
};

static enum err probe_show(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	char now[CLOCK_TEXT];
	clock_format(clock_wall_us(), now);
	json_object_object_add(reply, "authorization", json_object_new_boolean(req->header(req, "Authorization") != NULL));
	json_object_object_add(reply, "apiKey", json_object_new_boolean(req->header(req, "X-API-Key") != NULL));
	json_object_object_add(reply, "address", json_object_new_string(req->address));
	json_object_object_add(reply, "https", json_object_new_boolean(req->https));
	json_object_object_add(reply, "time", json_object_new_string(now));
	return reply_json(req, rep, reply);
}

static enum err probe_measure(struct req *req, struct rep *rep)
{
	const struct probe_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "bytes", json_object_new_int64((int64_t)req->body_length));
	json_object_object_add(reply, "fill", json_object_new_int64((int64_t)strlen(input->fill)));
	return reply_json(req, rep, reply);
}

static const struct field SHOW_REPLY[] = {
	REPLY("authorization", FIELD_BOOL, .required = true, .doc = "an Authorization header arrived"),
	REPLY("apiKey", FIELD_BOOL, .required = true, .doc = "an X-API-Key header arrived"),
	REPLY("address", FIELD_TEXT, .required = true, .doc = "the client's address as the program sees it"),
	REPLY("https", FIELD_BOOL, .required = true, .doc = "the request counts as made over HTTPS"),
	REPLY("time", FIELD_TEXT, .required = true, .doc = "this machine's clock, RFC 3339"),
	FIELD_END};

static const struct field MEASURE_INPUT[] = {
	INPUT(struct probe_input, fill, "fill", IN_BODY, FIELD_TEXT, .required = true, .most = 1 << 20, .doc = "any characters, up to 1 MiB"),
	FIELD_END};

static const struct field MEASURE_REPLY[] = {
	REPLY("bytes", FIELD_INT, .required = true, .doc = "bytes of the body that arrived"),
	REPLY("fill", FIELD_INT, .required = true, .doc = "bytes of fill"),
	FIELD_END};

const struct route OPS_PROBE_ROUTES[] = {
	{METHOD_GET, "/api/v1/ops/probe", ACCESS_PUBLIC, .class = CLASS_OPS, .run = probe_show, .shape = REPLY_FIELDS, .reply = SHOW_REPLY,
		.doc = "Tells what of this request arrived: credentials (not which), address, scheme"},
	{METHOD_POST, "/api/v1/ops/probe", ACCESS_PUBLIC, .class = CLASS_OPS, .input = MEASURE_INPUT, .input_size = sizeof(struct probe_input),
		.run = probe_measure, .shape = REPLY_FIELDS, .reply = MEASURE_REPLY, .doc = "Tells how many bytes of the body arrived"},
	ROUTE_END};
